"""PLAN: how many units each group loses, and the record of which positions stay. Chooses counts, never units."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from glob import escape
from pathlib import Path

import numpy as np

from paoding_onnx.dependency.scope import Scope
from paoding_onnx.dependency.trace import Group, Mask, Trace
from paoding_onnx.dependency.union_find import Ids
from paoding_onnx.errors import ModelError, UsageError
from paoding_onnx.model.json_file import read_json
from paoding_onnx.names import Prefer

FORMAT = "paoding_onnx plan 2"
FORMATS = ("paoding_onnx plan 1", FORMAT)
"""Those that can be read; the first did not say which constants were fitted."""


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


def plan_document(trace: Trace, plan: Plan) -> dict[str, object]:
    """The plan as JSON-ready values: for every initializer and axis that loses something, what stays.

    A vector that several nodes share may be cut differently for each; its entries then name the node and operand.
    """
    entries = []
    for (use, axis), units in trace.units.items():
        kept = trace.kept(use, axis, plan.removed)
        if trace.graph.tensors[use.tensor].is_constant and not kept.all():
            entry: dict[str, object] = {"initializer": use.tensor, "axis": axis, "size": units.size}
            if use.node >= 0:
                entry |= {"node": trace.bound_nodes[use.node].node.name, "operand": use.operand}
            entries.append(entry | {"kept": np.flatnonzero(kept).tolist()})
    choices = {choice.node: str(choice.prefer) for choice in trace.choices}
    return {"format": FORMAT, "choices": choices, "axes": entries}


def scope_of_document(document: object) -> Scope:
    """The scope in which a recorded plan makes sense: where structures leave a choice, what was chosen."""
    choices = document.get("choices") if isinstance(document, Mapping) else None
    known = {str(prefer) for prefer in Prefer}
    pairs = choices.items() if isinstance(choices, Mapping) else ()
    return Scope(
        choose=tuple(
            (escape(str(node)), Prefer(what)) for node, what in pairs if isinstance(what, str) and what in known
        )
    )


def refitted_of_document(document: Mapping[str, object]) -> frozenset[str] | None:
    """Names of the constants whose weights were fitted; `None` where a plan does not say.

    Raises:
        UsageError: if they are no list of names.
    """
    names = document.get("refitted")
    if names is None:
        return None
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise UsageError("the plan's entry 'refitted' is no list of names")
    return frozenset(names)


def plan_from_document(trace: Trace, document: object) -> Plan:
    """The plan that `plan_document` recorded, for a trace of the same original.

    Raises:
        UsageError: if the document is no plan, or does not fit the model.
    """
    removed = np.zeros(trace.n_units, np.bool_)
    if not isinstance(document, Mapping) or document.get("format") not in FORMATS:
        raise UsageError(f"the plan is not in the format {FORMAT!r}")
    units: dict[tuple[str, ...], Ids] = {
        tuple(map(str, (use.tensor, use.operand if use.node >= 0 else None, _node(trace, use.node), axis))): numbers
        for (use, axis), numbers in trace.units.items()
    }
    seen: dict[tuple[str, ...], tuple[Ids, Mask]] = {}
    for entry in entries_of(document):
        key = tuple(map(str, map(entry.get, ("initializer", "operand", "node", "axis"))))
        numbers, name = units.get(key), entry.get("initializer")
        if numbers is None or numbers.size != entry.get("size"):
            raise UsageError(f"the plan does not fit the model: {_unlike(entry, units)}")
        if key in seen:
            raise UsageError(f"the plan says twice what is kept of {name!r}, axis {entry.get('axis')}")
        kept = _kept(entry, numbers.size)
        if (numbers[~kept] < 0).any():
            raise UsageError(f"the plan removes positions of {name!r} that may not go")
        removed[numbers[~kept]] = True
        seen[key] = numbers, kept
    for (name, *_), (numbers, kept) in seen.items():
        if removed[numbers[kept & (numbers >= 0)]].any():
            raise UsageError(f"the plan contradicts itself: it keeps positions of {name!r} that it removes elsewhere")
    return make_plan(removed)


def _kept(entry: Mapping[str, object], size: int) -> Mask:
    """Which of `size` positions an entry keeps."""
    kept, mask = entry.get("kept"), np.zeros(size, np.bool_)
    if not isinstance(kept, list) or not all(type(k) is int and 0 <= k < size for k in kept):
        raise UsageError(f"the plan keeps positions of {entry.get('initializer')!r} that are none: {kept!r:.60}")
    mask[np.array(kept, np.int64)] = True
    if np.count_nonzero(mask) != len(kept):
        raise UsageError(f"the plan keeps positions of {entry.get('initializer')!r} more than once")
    return mask


def entries_of(document: Mapping[str, object]) -> Sequence[Mapping[str, object]]:
    """What a recorded plan says of each axis of an initializer that loses something.

    Raises:
        UsageError: if it is no list of such entries.
    """
    axes = document.get("axes")
    if not isinstance(axes, list) or not all(isinstance(entry, dict) for entry in axes):
        raise UsageError("the plan has no list of axes")
    return axes


def _unlike(entry: Mapping[str, object], units: Mapping[tuple[str, ...], Ids]) -> str:
    """How the model differs from what an entry of a plan says, in words."""
    name, axis, node = str(entry.get("initializer")), str(entry.get("axis")), entry.get("node")
    sizes = {key[-1]: numbers.size for key, numbers in units.items() if key[0] == name}
    if not sizes:
        return f"it has no initializer {name!r} that can be pruned"
    if sizes.get(axis) != entry.get("size"):
        found = f"has {sizes[axis]} positions on axis {axis}" if axis in sizes else f"cannot be pruned on axis {axis}"
        return f"{name!r} {found}, where the plan has {entry.get('size')}"
    return f"no node {node!r} reads {name!r} as its operand {entry.get('operand')}"


def plan_hash(document: Mapping[str, object]) -> str:
    """The SHA-256 of what a plan says goes, however the file is laid out."""
    said = {name: document.get(name) for name in ("axes", "choices", "vocabulary", "depth") if name in document}
    return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()


def read_plan(path: Path) -> Mapping[str, object]:
    """The recorded plan in a file, as it stands there.

    Raises:
        ModelError: if the file cannot be read.
        UsageError: if it holds no plan.
    """
    found = read_json(path, unreadable=ModelError)
    if not isinstance(found, dict):
        raise UsageError(f"the plan is not in the format {FORMAT!r}")
    return found


def _node(trace: Trace, index: int) -> str | None:
    return trace.bound_nodes[index].node.name if index >= 0 else None
