"""What a model takes with fewer units, read off a table of times: an estimate, for the truth has to be timed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import product

import numpy as np
from numpy.typing import NDArray

from paoding_onnx.dependency.trace import Trace
from paoding_onnx.dependency.union_find import Ids
from paoding_onnx.errors import UsageError
from paoding_onnx.rules.binding import TensorUse
from paoding_onnx.timing.table import LatencyTable, Times
from paoding_onnx.timing.widths import MOST_FACTORS, TimedLayer, timed_layers

Counts = NDArray[np.float64]


class Estimate:
    """Milliseconds of a run, as a function of how many units each group has left, `(n_groups,)`.

    Layers take what the table says of their widths. Other operators take what they take in the whole model, less as
    what they make gets smaller. What the table does not explain, as onnxruntime fuses operators, goes with the layers.

    Raises:
        UsageError: if the table is of other layers.
    """

    def __init__(self, trace: Trace, table: LatencyTable) -> None:
        layers = timed_layers(trace)
        _require_known(layers, table)
        timed = [layer for layer in layers if layer.key in table.layers]
        self._layers = _Layers(trace, timed, [table.layers[layer.key] for layer in timed])
        self._others = _Others(trace, table.operators)
        whole = np.array([group.n_units for group in trace.groups], np.float64)
        unexplained = table.whole - self._others(whole)
        alone = self._layers(whole)
        self._scale = max(unexplained, 0.0) / alone if alone > 0 and unexplained > 0 else 1.0

    def __call__(self, left: Counts) -> float:
        """Milliseconds with these many units left in each group."""
        return self._scale * self._layers(left) + self._others(left)


def _require_known(layers: Sequence[TimedLayer], table: LatencyTable) -> None:
    unknown = [layer.key for layer in layers if layer.key not in table.layers and layer.key not in table.inseparable]
    if unknown:
        known = f"{len(layers) - len(unknown)} of {len(layers)} layers, not {_brief(unknown[0])!r}"
        raise UsageError(
            f"the latency table knows {known}: it was made for another model or other input sizes; make one with "
            "`paoding_onnx profile MODEL -o TABLE`"
        )


def _brief(key: str) -> str:
    """The operator and the operands of a layer."""
    return key.partition(" [")[0]


class _Layers:
    """Milliseconds of all layers: between the marks of their grids times are taken to be straight lines."""

    def __init__(self, trace: Trace, layers: Sequence[TimedLayer], times: Sequence[Times]) -> None:
        n_marks = max((len(marks) for one in times for marks in one.sizes), default=1)
        self._fixed = np.ones((len(layers), MOST_FACTORS))
        self._per_unit = np.zeros((len(layers), MOST_FACTORS, len(trace.groups)))
        self._marks = np.full((len(layers), MOST_FACTORS, n_marks), np.inf)
        self._last = np.zeros((len(layers), MOST_FACTORS), np.int64)
        self._times = np.zeros((len(layers), *[n_marks] * MOST_FACTORS))
        for row, (layer, one) in enumerate(zip(layers, times, strict=True)):
            self._marks[row, :, 0] = 1
            for axis, (name, marks) in enumerate(zip(layer.factors, one.sizes, strict=True)):
                fixed, per_unit = linear(trace, trace.factors[layer.index][name])
                self._fixed[row, axis], self._per_unit[row, axis] = fixed, per_unit
                self._marks[row, axis, : len(marks)] = marks
                self._last[row, axis] = len(marks) - 1
            values = layer.bound.node.times * one.milliseconds.reshape(
                *one.milliseconds.shape, *[1] * (MOST_FACTORS - one.milliseconds.ndim)
            )
            block = self._times[row]
            block[tuple(map(slice, values.shape))] = values

    def __call__(self, left: Counts) -> float:
        sizes = self._fixed + self._per_unit @ left
        below = np.clip((sizes[:, :, None] >= self._marks).sum(2) - 1, 0, np.maximum(self._last - 1, 0))
        above = np.minimum(below + 1, self._last)
        low, high = (np.take_along_axis(self._marks, at[:, :, None], 2)[:, :, 0] for at in (below, above))
        share = np.clip((sizes - low) / np.where(high > low, high - low, 1), 0, 1)
        rows, total = np.arange(len(sizes)), np.zeros(len(sizes))
        for corner in product((0, 1), repeat=MOST_FACTORS):
            at = [(above if side else below)[:, axis] for axis, side in enumerate(corner)]
            weight = np.prod([share[:, a] if side else 1 - share[:, a] for a, side in enumerate(corner)], axis=0)
            total += weight * self._times[(rows, *at)]
        return float(total.sum())


class _Others:
    """Milliseconds of the operators that onnxruntime runs as the file has them and that are no layers."""

    def __init__(self, trace: Trace, operators: Mapping[str, float]) -> None:
        nodes = [bound for bound in trace.bound_nodes if bound.rule.contracts is None]
        layers = {bound.node.operator for bound in trace.bound_nodes if bound.rule.contracts is not None}
        made = [
            (bound.node.operator, tensor.name, len(tensor.shape), bound.node.times)
            for bound in nodes
            if (tensor := bound.node.first_output).shape is not None
            and bound.node.operator in operators.keys() - layers
        ]
        n_axes = max((ndim for _, _, ndim, _ in made), default=1)
        self._fixed = np.ones((len(made), n_axes))
        self._per_unit = np.zeros((len(made), n_axes, len(trace.groups)))
        self._runs = np.array([times for *_, times in made], np.float64)
        for row, (_, name, ndim, _) in enumerate(made):
            for axis in range(ndim):
                if (units := trace.units.get((TensorUse(name), axis))) is not None:
                    self._fixed[row, axis], self._per_unit[row, axis] = linear(trace, units)
        whole = np.array([group.n_units for group in trace.groups], np.float64)
        self._rates = np.ones(len(made))
        elements = self._elements(whole)
        kinds = np.array([operator for operator, *_ in made], np.str_)
        for operator in set(kinds.tolist()):
            own = kinds == operator
            self._rates[own] = operators[operator] / max(elements[own].sum(), 1.0)

    def __call__(self, left: Counts) -> float:
        return float(self._rates @ self._elements(left))

    def _elements(self, left: Counts) -> NDArray[np.float64]:
        return np.asarray(self._runs * (self._fixed + self._per_unit @ left).prod(1))


def linear(trace: Trace, units: Ids) -> tuple[float, NDArray[np.float64]]:
    """The size of an axis or factor as a number and what each unit left in a group adds, `(n_groups,)`.

    Exact as long as all units of a group lie on it equally often. What no node reads does not count.
    """
    if not trace.groups:
        return float(np.count_nonzero(units < 0)), np.zeros(0)
    bounds = np.array([group.start for group in trace.groups] + [trace.n_grouped])
    found = np.bincount(units[(units >= 0) & (units < trace.n_grouped)], minlength=trace.n_grouped)
    return float(np.count_nonzero(units < 0)), np.add.reduceat(found, bounds[:-1]) / np.diff(bounds)
