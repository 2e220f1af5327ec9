"""What a target counts, as a quick function of how many units each group has left. Chooses nothing."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

from paoding_onnx.dependency.cost import is_parameter
from paoding_onnx.dependency.trace import Trace
from paoding_onnx.dependency.union_find import Ids
from paoding_onnx.names import Budget
from paoding_onnx.timing.estimate import linear

Count = Callable[[NDArray[np.float64]], float]
"""What is counted when so many units are left in each group, `(n_groups,)`."""


def count_of(trace: Trace, by: Budget, times: Count | None = None) -> Count:
    """What `by` counts; `times` are the milliseconds of a run, which has to be measured.

    Raises:
        ValueError: if latency is to be counted without any `times`.
    """
    if by != "latency":
        return Meter(trace, by)
    if times is None:
        raise ValueError("latency is counted by times that were measured: give them")
    return times


def whole_of(trace: Trace, by: Budget, times: Count | None = None) -> float:
    """All that `by` counts of a model as it is, with what no node reads.

    Raises:
        ValueError: if latency is to be counted without any `times`.
    """
    return count_of(trace, by, times)(widths_of(trace)) + _unread_of(trace, by)


def widths_of(trace: Trace) -> NDArray[np.float64]:
    """How many units each group has, `(n_groups,)`."""
    return np.array([group.n_units for group in trace.groups], np.float64)


def _unread_of(trace: Trace, by: Budget) -> float:
    """What `by` counts of entries that no node reads: they go first, and count as gone."""
    if not trace.n_unread or by not in ("parameters", "bytes"):
        return 0.0
    each = (_bytes if by == "bytes" else _parameters)(trace)
    sizes = ((n, [units.size for units in axes], [_read(trace, units) for units in axes]) for n, axes in each)
    return float(sum(n * (math.prod(whole) - math.prod(read)) for n, whole, read in sizes))


def _read(trace: Trace, units: Ids) -> int:
    return int(np.count_nonzero(units < trace.n_grouped))


class Meter:
    """Units, parameters, their bytes or multiply-adds.

    Exact as long as all units of a group lie on an axis equally often. Without what no node reads (`whole_of`).
    """

    def __init__(self, trace: Trace, by: Budget) -> None:
        kinds = {"units": _units, "parameters": _parameters, "bytes": _bytes, "macs": _macs}
        products = list(kinds[by](trace))
        n_axes = max((len(axes) for _, axes in products), default=1)
        self._each = np.array([each for each, _ in products], np.float64)
        self._fixed = np.ones((len(products), n_axes))
        self._per_unit = np.zeros((len(products), n_axes, len(trace.groups)))
        for k, (_, axes) in enumerate(products):
            for axis, units in enumerate(axes):
                self._fixed[k, axis], self._per_unit[k, axis] = linear(trace, units)

    def __call__(self, left: NDArray[np.float64]) -> float:
        """What is counted with these many units left in each group."""
        return float(self._each @ (self._fixed + self._per_unit @ left).prod(1))


_Product = tuple[int, list[Ids]]
"""What each position of some axes counts, and the units on these axes."""


def _units(trace: Trace) -> Iterator[_Product]:
    yield from ((1, [np.arange(group.start, group.stop)]) for group in trace.groups)


def _parameters(trace: Trace) -> Iterator[_Product]:
    yield from ((1, axes) for _, axes in _bytes(trace))


def _bytes(trace: Trace) -> Iterator[_Product]:
    done = set()
    for bound in trace.bound_nodes:
        for use in bound.inputs:
            if use is not None and use.tensor not in done and is_parameter(trace, use.tensor):
                done.add(use.tensor)
                tensor = trace.graph.tensors[use.tensor]
                each = 1 if tensor.dtype is None else tensor.dtype.itemsize
                yield each, [trace.units[use, axis] for axis in range(len(tensor.shape or ()))]


def _macs(trace: Trace) -> Iterator[_Product]:
    for index, bound in enumerate(trace.bound_nodes):
        for product in bound.rule.contracts.products if bound.rule.contracts is not None else ():
            others = trace.measured.get(index, {})
            sizes = [np.full(others[name], -1) if name in others else trace.factors[index][name] for name in product]
            yield bound.node.times, sizes
