"""PLAN: how many units each group loses, and the record of which positions stay. Chooses counts, never units."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from glob import escape
from typing import Literal

import numpy as np

from paoding_onnx.dependency.composite_axes import Prefer
from paoding_onnx.dependency.cost import Cost, cost, nothing
from paoding_onnx.dependency.groups import Group, Mask, Trace
from paoding_onnx.dependency.scope import Scope
from paoding_onnx.dependency.union_find import Ids
from paoding_onnx.errors import TargetError, UsageError

Budget = Literal["units", "parameters", "macs"]
"""What a target counts."""
AUTO = 0
"""`round_to` that picks for each group a count its operators like."""
FORMAT = "paoding_onnx plan 1"


@dataclass(frozen=True, slots=True)
class Plan:
    """Which units go: `removed` is `(n_units,)`, read-only, in the numbering of one trace."""

    removed: Mask

    def kept_units(self, group: Group) -> int:
        """How many units of a group stay."""
        return group.n_units - int(np.count_nonzero(self.removed[group.start : group.stop]))


def make_plan(removed: Mask) -> Plan:
    """A plan that owns a read-only copy of `removed`."""
    own = removed.copy()
    own.flags.writeable = False
    return Plan(own)


def schedule(target: Fraction, step: Fraction) -> tuple[Fraction, ...]:
    """The shares to have removed after each step; exact, so that ten steps of 0.05 are 0.5.

    >>> [str(share) for share in schedule(Fraction("0.12"), Fraction("0.05"))]
    ['1/20', '1/10', '3/25']
    """
    return tuple(min(target, step * count) for count in range(1, math.ceil(target / step) + 1))


def quotas(trace: Trace, share: Fraction, *, by: Budget, round_to: int) -> tuple[int, ...]:
    """Units that each group has lost once `share` of what `by` counts is gone: the same share of each group's units.

    Raises:
        TargetError: if removing all but one unit (or `round_to` units) of each group would not be enough.
    """
    if by == "units":
        return tuple(_quota(group, share, round_to) for group in trace.groups)
    whole = cost(trace, nothing(trace))
    shares = sorted({Fraction(k, n) for n in {g.n_units for g in trace.groups} for k in range(n)})
    found = bisect_left(shares, share, key=lambda s: _saved(trace, s, by, round_to, whole))
    if found == len(shares):
        most = float(_saved(trace, shares[-1], by, round_to, whole)) if shares else 0.0
        raise TargetError(
            f"a target of {float(share):.1%} of the {by} is out of reach: the {len(trace.groups)} prunable groups "
            f"carry at most {most:.1%}; lower --target, or see `inspect` for what is not prunable and why"
        )
    return tuple(_quota(group, shares[found], round_to) for group in trace.groups)


def round_multiple(group: Group, round_to: int) -> int:
    """The number that a group's kept units should be a multiple of.

    With `AUTO`: at most an eighth of the group, so that the target is met closely; for convolutions at least 4, off
    which depthwise kernels turn slow, and at most what the group's operators like best.
    """
    if round_to != AUTO:
        return round_to
    if not group.aligned or group.n_units < 8:
        return 1
    eighth = 1 << (group.n_units // 8).bit_length() - 1
    return max(min(eighth, group.aligned[-1]), min(4, group.aligned[0]))


def plan_document(trace: Trace, plan: Plan) -> dict[str, object]:
    """The plan as JSON-ready values: for every initializer and axis that loses something, what stays.

    A vector that several nodes share may be cut differently for each; its entries then name the node and operand.
    """
    entries = []
    for (slot, axis), units in trace.units.items():
        kept = trace.kept(slot, axis, plan.removed)
        if trace.graph.tensors[slot.tensor].is_constant and not kept.all():
            entry: dict[str, object] = {"initializer": slot.tensor, "axis": axis, "size": units.size}
            if slot.node >= 0:
                entry |= {"node": trace.sites[slot.node].node.name, "operand": slot.operand}
            entries.append(entry | {"kept": np.flatnonzero(kept).tolist()})
    choices = {choice.node: str(choice.prefer) for choice in trace.choices}
    return {"format": FORMAT, "choices": choices, "axes": entries}


def scope_of_document(document: object) -> Scope:
    """The scope in which a recorded plan makes sense: where structures leave a choice, what was chosen."""
    choices = document.get("choices") if isinstance(document, Mapping) else None
    known = {str(prefer) for prefer in Prefer}
    pairs = choices.items() if isinstance(choices, Mapping) else ()
    return Scope(choose=tuple((escape(str(node)), Prefer(what)) for node, what in pairs if what in known))


def plan_from_document(trace: Trace, document: object) -> Plan:
    """The plan that `plan_document` recorded, for a trace of the same original.

    Raises:
        UsageError: if the document is no plan, or does not fit the model.
    """
    removed = nothing(trace)
    if not isinstance(document, Mapping) or document.get("format") != FORMAT:
        raise UsageError(f"the plan is not in the format {FORMAT!r}")
    units: dict[tuple[str, ...], Ids] = {
        tuple(map(str, (slot.tensor, slot.operand if slot.node >= 0 else None, _node(trace, slot.node), axis))): numbers
        for (slot, axis), numbers in trace.units.items()
    }
    for entry in _entries(document):
        numbers = units.get(tuple(map(str, map(entry.get, ("initializer", "operand", "node", "axis")))))
        if numbers is None or numbers.size != entry.get("size"):
            raise UsageError(f"the plan does not fit the model: it has no {entry.get('initializer')!r} like the plan's")
        kept = entry.get("kept")
        if not isinstance(kept, list) or not all(type(k) is int and 0 <= k < numbers.size for k in kept):
            raise UsageError(f"the plan keeps positions of {entry.get('initializer')!r} that are none: {kept!r:.60}")
        lost = np.delete(numbers, np.array(kept, np.int64))
        if (lost < 0).any():
            raise UsageError(f"the plan removes positions of {entry.get('initializer')!r} that may not go")
        removed[lost] = True
    return make_plan(removed)


def _entries(document: Mapping[object, object]) -> Sequence[Mapping[str, object]]:
    axes = document.get("axes")
    if not isinstance(axes, list) or not all(isinstance(entry, dict) for entry in axes):
        raise UsageError("the plan has no list of axes")
    return axes


def _node(trace: Trace, index: int) -> str | None:
    return trace.sites[index].node.name if index >= 0 else None


def _quota(group: Group, share: Fraction, round_to: int) -> int:
    """Units to remove: the share rounded down, then to the nearest kept multiple; at least one unit stays."""
    n = group.n_units
    kept = n - min(math.floor(share * n), n - 1)
    multiple = round_multiple(group, round_to)
    if multiple > 1 and kept % multiple:
        above, below = kept + multiple - kept % multiple, kept - kept % multiple
        kept = below if below and kept - below < above - kept else above
    return n - min(kept, n)


def _saved(trace: Trace, share: Fraction, by: Budget, round_to: int, whole: Cost) -> Fraction:
    """Share of the budget gone when every group has lost `share` of its units (which ones does not matter here)."""
    removed = nothing(trace)
    for group in trace.groups:
        removed[group.start : group.start + _quota(group, share, round_to)] = True
    left = cost(trace, removed)
    total, rest = (whole.parameters, left.parameters) if by == "parameters" else (whole.macs, left.macs)
    return Fraction(total - rest, max(total, 1))
