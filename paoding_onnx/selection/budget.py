"""The budget: which share is gone after each step, and how many units of each group that takes."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

from paoding_onnx.dependency.cost import Cost, cost, nothing
from paoding_onnx.dependency.trace import Group, Trace
from paoding_onnx.errors import TargetError
from paoding_onnx.names import AUTO, Budget, percent
from paoding_onnx.rules.kernels import step_of_channels


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
            f"a target of {percent(float(share))} of the {by} is out of reach: the {len(trace.groups)} prunable groups "
            f"carry at most {most:.1%}; lower --target, or see `inspect` for what is not prunable and why"
        )
    return tuple(_quota(group, shares[found], round_to) for group in trace.groups)


def round_multiple(group: Group, round_to: int) -> int:
    """The number that a group's kept units should be a multiple of.

    With `AUTO`: at most an eighth of the group, so that the target is met closely, and what the kernels like that the
    group's units meet.
    """
    if round_to != AUTO:
        return round_to
    if not group.channel_multiples or group.n_units < 8:
        return 1
    eighth = 1 << (group.n_units // 8).bit_length() - 1
    return step_of_channels(group.channel_multiples, eighth)


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


@dataclass(frozen=True, slots=True)
class Step:
    """The state after a step: the share asked for so far, what is left, the units each group lost, in that order.

    `accuracy` is that of the repaired model on labelled samples, if there are any.
    """

    share: float
    cost: Cost
    removed: Mapping[str, tuple[int, ...]]
    accuracy: float | None = None
