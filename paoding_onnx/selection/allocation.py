"""How many units each group loses: the budget is met where the outputs are least sensitive. Never says which units."""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from paoding_onnx.dependency.trace import Group, Mask, Trace
from paoding_onnx.errors import TargetError
from paoding_onnx.names import Budget, percent
from paoding_onnx.rules.devices import Rounding
from paoding_onnx.selection.budget import round_multiple
from paoding_onnx.selection.curve import Sensitivity
from paoding_onnx.selection.meter import Count, count_of, whole_of, widths_of

PIECES = 32
"""A group loses its units in about so many steps."""
UNMEASURED = 1.0
"""Sensitivity added for losing all units but one, which is never measured: as large as the outputs' variance."""


def allocate(
    trace: Trace,
    sensitivities: Sequence[Sensitivity],
    share: Fraction,
    *,
    by: Budget,
    round_to: Rounding,
    times: Count | None = None,
) -> tuple[int, ...]:
    """Units that each group should lose so that `share` of what `by` counts is saved; for latency by these `times`.

    Step by step the group gives up units whose loss moves the outputs least for what it saves. Between the measured
    counts sensitivity is read off a convex curve. No group ends at a width that takes longer than a larger one.

    Raises:
        TargetError: if the share is out of reach.
    """
    meter = count_of(trace, by, times)
    sizes = widths_of(trace)
    steps = [
        _steps(group, sensitivity, round_to) for group, sensitivity in zip(trace.groups, sensitivities, strict=True)
    ]
    counts = np.zeros(len(sizes), np.int64)
    whole = whole_of(trace, by, times)
    queue = [entry for number in range(len(steps)) if (entry := _price(meter, sizes, counts, steps, number))]
    heapq.heapify(queue)
    while whole - meter(sizes - counts) < float(share) * whole:
        if not queue:
            most = 1 - meter(sizes - counts) / whole
            raise TargetError(
                f"a target of {percent(float(share))} of the {by} is out of reach: the {len(sizes)} prunable groups "
                f"carry at most {most:.1%}; lower --target, or see `inspect` for what is not prunable and why"
            )
        _, number, _ = heapq.heappop(queue)
        fresh = _price(meter, sizes, counts, steps, number)
        if fresh is not None and queue and fresh > queue[0]:
            heapq.heappush(queue, fresh)  # units save less once their neighbours are gone: look again
            continue
        if fresh is not None:
            counts[number] = fresh[2]
            if (following := _price(meter, sizes, counts, steps, number)) is not None:
                heapq.heappush(queue, following)
    return _given_back(trace, sensitivities, counts, meter, whole - float(share) * whole, round_to=round_to)


def harm(trace: Trace, sensitivities: Sequence[Sensitivity], removed: Mask) -> float:
    """How far the outputs move without the units that are removed, by the curves that `allocate` goes by."""
    curves = (_convex(group, sensitivity) for group, sensitivity in zip(trace.groups, sensitivities, strict=True))
    counts = (np.count_nonzero(removed[group.start : group.stop]) for group in trace.groups)
    return float(sum(np.interp(count, *curve) for count, curve in zip(counts, curves, strict=True)))


def reachable(trace: Trace, *, by: Budget, times: Count | None = None) -> float:
    """The largest share of what `by` counts that can go: every group down to one unit."""
    meter = count_of(trace, by, times)
    sizes = widths_of(trace)
    return 1 - meter(np.ones_like(sizes)) / max(whole_of(trace, by, times), 1e-9)


def _given_back(
    trace: Trace,
    sensitivities: Sequence[Sensitivity],
    counts: NDArray[np.int64],
    meter: Count,
    most: float,
    *,
    round_to: Rounding,
) -> tuple[int, ...]:
    """The counts less what the last steps took beyond the budget, where the outputs are most sensitive first.

    At most `most` of what is counted may be left.
    """
    sizes = widths_of(trace)
    curves = [_convex(group, sensitivity) for group, sensitivity in zip(trace.groups, sensitivities, strict=True)]
    slopes = [float(np.diff(np.interp([max(c - 1, 0), c], *curve))[0]) for c, curve in zip(counts, curves, strict=True)]
    for number in np.argsort(slopes, kind="stable")[::-1]:
        multiple = round_multiple(trace.groups[number], round_to)
        while counts[number] >= multiple:
            fewer = counts.copy()
            fewer[number] -= multiple
            if meter(sizes - fewer) > most:
                break
            counts = fewer
    return tuple(int(count) for count in counts)


_Steps = list[tuple[int, float]]
"""Counts that a group may have lost, ascending, each with its sensitivity."""
_Price = tuple[float, int, int]
"""Sensitivity for what is saved, the group's number, and how many units it would have lost."""


def _steps(group: Group, sensitivity: Sensitivity, round_to: Rounding) -> _Steps:
    multiple = round_multiple(group, round_to)
    spacing = max(group.n_units // PIECES // multiple, 1) * multiple
    kept = np.arange((group.n_units - 1) // spacing * spacing, 0, -spacing)
    counts = np.unique(
        np.minimum(np.r_[group.n_units - kept, group.n_units - min(multiple, group.n_units - 1)], group.most)
    )
    known, values = _convex(group, sensitivity)
    return list(zip(counts.tolist(), np.interp(counts, known, values).tolist(), strict=True))


def _convex(group: Group, sensitivity: Sensitivity) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The largest convex curve below the measured sensitivities, from none at no loss to all units that may go."""
    last = max(sensitivity.values, default=0.0)
    points = list(_read_between(sensitivity))
    if not sensitivity.counts or sensitivity.counts[-1] < group.most:
        points.append((float(group.most), last + UNMEASURED))
    hull: list[tuple[float, float]] = []
    for point in points:
        while len(hull) > 1 and _is_above(hull[-2], hull[-1], point):
            hull.pop()
        hull.append(point)
    return np.array([x for x, _ in hull]), np.array([y for _, y in hull])


def _read_between(sensitivity: Sensitivity) -> Iterator[tuple[float, float]]:
    """Counts from none on with their sensitivity, which rises between measured ones as what consumers lose does."""
    counts, values = [0, *sensitivity.counts], [0.0, *np.maximum.accumulate(sensitivity.values).tolist()]
    losses = np.maximum.accumulate([0.0, *sensitivity.losses])
    for (first, low), (last, high) in pairwise(zip(counts, values, strict=True)):
        yield float(first), low
        if last < len(losses) and losses[last] > losses[first]:
            within = np.arange(first + 1, last)
            shares = (losses[within] - losses[first]) / (losses[last] - losses[first])
            yield from zip(map(float, within), (low + shares * (high - low)).tolist(), strict=True)
    yield float(counts[-1]), values[-1]


def _is_above(a: tuple[float, float], b: tuple[float, float], c: tuple[float, float]) -> bool:
    """Whether b lies on or above the line from a to c."""
    return (b[1] - a[1]) * (c[0] - a[0]) >= (c[1] - a[1]) * (b[0] - a[0])


def _price(
    meter: Count, sizes: NDArray[np.float64], counts: NDArray[np.int64], steps: Sequence[_Steps], number: int
) -> _Price | None:
    """What the next step of a group costs; `None` if it has none left."""
    before = next((sensitivity for count, sensitivity in reversed(steps[number]) if count <= counts[number]), 0.0)
    left, prices = meter(sizes - counts), list[_Price]()
    for count, sensitivity in steps[number]:
        if count <= counts[number]:
            continue
        after = counts.copy()
        after[number] = count
        saved = left - meter(sizes - after)
        prices.append(((sensitivity - before) / max(saved, 1e-9), number, count))
        if saved > 0:  # a width that takes longer than a larger one is passed over
            return prices[-1]
    return prices[0] if prices else None
