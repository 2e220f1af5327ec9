"""The budget: which share is gone after each step, and how many units of each group that takes."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from paoding_onnx.dependency.cost import Cost, cost, nothing, unread
from paoding_onnx.dependency.trace import Group, Trace
from paoding_onnx.errors import TargetError
from paoding_onnx.names import AUTO, Budget, percent
from paoding_onnx.rules.devices import Device, Rounding
from paoding_onnx.rules.kernels import step_of_channels
from paoding_onnx.selection.meter import Count, count_of, whole_of, widths_of


def schedule(target: Fraction, step: Fraction) -> tuple[Fraction, ...]:
    """The shares to have removed after each step; exact, so that ten steps of 0.05 are 0.5.

    >>> [str(share) for share in schedule(Fraction("0.12"), Fraction("0.05"))]
    ['1/20', '1/10', '3/25']
    """
    return tuple(min(target, step * count) for count in range(1, math.ceil(target / step) + 1))


def quotas(
    trace: Trace, share: Fraction, *, by: Budget, round_to: Rounding, times: Count | None = None
) -> tuple[int, ...]:
    """Units that each group has lost once `share` of what `by` counts is gone: the same share of each group's units.

    Latency goes in steps, so there some groups lose a step less, as far as the share is still met by these `times`.

    Raises:
        TargetError: if removing all but one unit (or `round_to` units) of each group would not be enough.
    """
    if by == "units":
        return tuple(_quota(group, share, round_to) for group in trace.groups)
    saved = _saving(trace, by, round_to, times)
    shares = sorted({Fraction(k, n) for n in {g.n_units for g in trace.groups} for k in range(n)})
    found = bisect_left(shares, share, key=saved)
    if found == len(shares):
        most = float(saved(shares[-1])) if shares else 0.0
        raise TargetError(
            f"a target of {percent(float(share))} of the {by} is out of reach: the {len(trace.groups)} prunable groups "
            f"carry at most {most:.1%}; lower --target, or see `inspect` for what is not prunable and why"
        )
    counts = tuple(_quota(group, shares[found], round_to) for group in trace.groups)
    return counts if times is None else _trimmed(trace, counts, times, share, round_to)


def _trimmed(trace: Trace, counts: Sequence[int], times: Count, share: Fraction, round_to: Rounding) -> tuple[int, ...]:
    """The counts less a step of every group in turn that still leaves `share` of the time saved, or costs no time."""
    sizes = widths_of(trace)
    lost = np.array(counts, np.float64)
    most = (1 - float(share)) * times(sizes)
    for number, group in enumerate(trace.groups):
        step = round_multiple(group, round_to)
        fewer = lost.copy()
        fewer[number] -= step
        if fewer[number] >= 0 and times(sizes - fewer) <= max(most, times(sizes - lost)):
            lost = fewer
    return tuple(int(count) for count in lost)


def round_multiple(group: Group, round_to: Rounding) -> int:
    """The number that a group's kept units should be a multiple of.

    With a device: what it likes, however small the group is. With `AUTO`: at most an eighth of the group, so that the
    target is met closely, and what the kernels like that the group's units meet.
    """
    if isinstance(round_to, Device):
        return round_to.multiple(group.channel_multiples)
    if round_to != AUTO:
        return round_to
    if not group.channel_multiples or group.n_units < 8:
        return 1
    eighth = 1 << (group.n_units // 8).bit_length() - 1
    return step_of_channels(group.channel_multiples, eighth)


def _quota(group: Group, share: Fraction, round_to: Rounding) -> int:
    """Units to remove: the share rounded down, then to the nearest kept multiple; as many stay as must."""
    n = group.n_units
    kept = n - min(math.floor(share * n), group.most)
    multiple = round_multiple(group, round_to)
    if multiple > 1 and kept % multiple:
        above, below = kept + multiple - kept % multiple, kept - kept % multiple
        kept = below if below >= group.least and kept - below < above - kept else above
    return n - min(kept, n)


def _saving(trace: Trace, by: Budget, round_to: Rounding, times: Count | None) -> Callable[[Fraction], Fraction]:
    """The share of the budget gone when every group has lost a share of its units (which ones does not matter here)."""
    sizes = widths_of(trace)
    if by in ("latency", "bytes"):
        count = count_of(trace, by, times)
        whole_count = max(whole_of(trace, by, times), 1e-9)

        def of_count(share: Fraction) -> Fraction:
            """By a count of what is left."""
            lost = np.array([_quota(group, share, round_to) for group in trace.groups], np.float64)
            return Fraction(1 - count(sizes - lost) / whole_count)

        return of_count
    whole = cost(trace, nothing(trace))

    def of_cost(share: Fraction) -> Fraction:
        """By the exact cost of what is left."""
        removed = unread(trace)
        for group in trace.groups:
            removed[group.start : group.start + _quota(group, share, round_to)] = True
        left = cost(trace, removed)
        total, rest = (whole.parameters, left.parameters) if by == "parameters" else (whole.macs, left.macs)
        return Fraction(total - rest, max(total, 1))

    return of_cost


@dataclass(frozen=True, slots=True)
class Step:
    """The state after a step: the share asked for so far, what is left, the units each group lost, in that order.

    `accuracy` is that of the repaired model on labelled samples, if there are any.
    """

    share: float
    cost: Cost
    removed: Mapping[str, tuple[int, ...]]
    accuracy: float | None = None
