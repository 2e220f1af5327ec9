"""What units do on given inputs: mean and covariance of every group of units where a node consumes them.

On the way, stored statistics of normalisations are replaced by those of the inputs, if that is asked for: a network on
synthetic inputs then works in the range in which it works on real ones.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from paoding_onnx.context import Run
from paoding_onnx.dependency.trace import Group, ParameterAxis, Role, Trace
from paoding_onnx.layerwise.stream import Batches, Stream
from paoding_onnx.layerwise.weights import UnitStatistics
from paoding_onnx.model.load import Model
from paoding_onnx.model.nodes import Array
from paoding_onnx.rules.binding import BoundNode, stored_statistics

MOST_ROWS = 1 << 15
"""Positions of all inputs together at which units are looked at."""
FAINT = 1e-2
"""Share of the stored variance that a channel's variance is never taken to be below."""


@dataclass(frozen=True, slots=True)
class ActivationStatistics:
    """What units do on given inputs.

    `units` has their mean and covariance by first unit of the group and number of the consuming node, `normalization`
    the mean and variance that stand in for stored ones, by name of the constant.
    """

    units: Mapping[tuple[int, int], UnitStatistics]
    normalization: Mapping[str, Array]


@dataclass(frozen=True, slots=True)
class ConsumerAxis:
    """Where a node consumes units of a group: its operand that nodes compute, and the axis on which they lie."""

    group: Group
    node_index: int
    operand: int
    axis: int


def observe_units(
    model: Model, trace: Trace, feeds: Sequence[Mapping[str, Array]], run: Run, *, renormalise: bool
) -> ActivationStatistics:
    """Run `model` on `feeds` and look at all units where they are consumed.

    Raises:
        ModelError: if a part of the model cannot be run alone.
    """
    wanted: dict[int, list[ConsumerAxis]] = {}
    for consumer_axis in consumer_axes(trace):
        wanted.setdefault(consumer_axis.node_index, []).append(consumer_axis)
    replaced = set(normalising(trace)) if renormalise else set()
    statistics: dict[str, Array] = {}
    unit_statistics: dict[tuple[int, int], UnitStatistics] = {}
    with Stream(model, trace.graph, feeds, memory=run.memory, threads=run.threads) as stream:
        for index in sorted(replaced | wanted.keys()):
            stream.advance(index)
            bound = trace.bound_nodes[index]
            if index in replaced:
                own = statistics_of(bound, stream.value(_source(bound, 0)))
                statistics |= own
                stream.override(own)
            for consumer_axis in wanted.get(index, ()):
                values = stream.value(_source(bound, consumer_axis.operand))
                unit_statistics[consumer_axis.group.start, index] = _unit_statistics(consumer_axis, trace, values)
    return ActivationStatistics(MappingProxyType(unit_statistics), MappingProxyType(statistics))


def consumer_axes(trace: Trace) -> Iterator[ConsumerAxis]:
    """Every node that consumes units through a weight, once for each group, in running order."""
    found = {}
    for group in trace.groups:
        for parameter_axis in group.having(Role.CONSUMES):
            where = _where(trace, group, parameter_axis)
            if where is not None:
                found[parameter_axis.node_index, group.start] = ConsumerAxis(group, parameter_axis.node_index, *where)
    return iter(found[key] for key in sorted(found))


def _where(trace: Trace, group: Group, parameter_axis: ParameterAxis) -> tuple[int, int] | None:
    """Operand and axis of the computed tensor that meets the weight at `parameter_axis`."""
    bound = trace.bound_nodes[parameter_axis.node_index]
    for operand, (tensor, use) in enumerate(zip(bound.node.inputs, bound.inputs, strict=True)):
        if tensor is None or use is None or use == parameter_axis.use or tensor.is_constant:
            continue
        for axis in range(len(tensor.shape or ())):
            units = trace.units[use, axis]
            counts = np.bincount(units[(units >= group.start) & (units < group.stop)] - group.start)
            if counts.size == group.n_units and counts.min() == counts.max() > 0:
                return operand, axis
    return None


def normalising(trace: Trace) -> Iterator[int]:
    """Sites whose statistics are constants that no other node reads."""
    readers = trace.graph.readers
    for index, bound in enumerate(trace.bound_nodes):
        stored = stored_statistics(bound)
        tensors = () if stored is None else (stored.mean, stored.variance)
        if tensors and all(t.is_constant and len(readers[t.name]) == 1 for t in tensors):
            yield index


def statistics_of(bound: BoundNode, values: Batches) -> dict[str, Array]:
    """Mean and variance of a normalisation's units on these inputs, by the names of the constants that hold them."""
    stored = stored_statistics(bound)
    if stored is None or stored.mean.dtype is None or stored.variance.value is None:
        return {}
    mean, variance, axis = stored.mean, stored.variance, stored.axis
    others = tuple(k for k in range(values[0].ndim) if k != axis)
    count = sum(value.size // value.shape[axis] for value in values)
    total = sum(np.sum(value, axis=others, dtype=np.float64) for value in values) / count
    shape = [-1 if k == axis else 1 for k in range(values[0].ndim)]
    squares = sum(np.square(value - total.reshape(shape), dtype=np.float64).sum(others) for value in values) / count
    least = FAINT * np.asarray(variance.value, np.float64)
    return {mean.name: total.astype(mean.dtype), variance.name: np.maximum(squares, least).astype(mean.dtype)}


def _source(bound: BoundNode, operand: int) -> str:
    tensor = bound.node.operand(operand)
    return tensor.name if tensor is not None else ""


def _unit_statistics(consumer_axis: ConsumerAxis, trace: Trace, values: Batches) -> UnitStatistics:
    """Mean and covariance over samples and positions; a unit with several positions on the axis counts each."""
    use = trace.bound_nodes[consumer_axis.node_index].inputs[consumer_axis.operand]
    units = trace.units[use, consumer_axis.axis] if use is not None else np.zeros(0, np.int64)
    positions, n_units = consumer_axis.group.positions(units), consumer_axis.group.n_units
    per_batch = max(MOST_ROWS * n_units // max(positions.size, 1) // len(values), 1)
    total, second, count = np.zeros(n_units), np.zeros((n_units, n_units)), 0
    rng = np.random.default_rng(consumer_axis.node_index)
    for value in values:
        rows = np.moveaxis(value, consumer_axis.axis, -1).reshape(-1, value.shape[consumer_axis.axis])
        rows = rows[np.sort(rng.permutation(len(rows))[:per_batch])][:, positions]
        looks = rows.reshape(len(rows), n_units, -1).transpose(0, 2, 1).reshape(-1, n_units).astype(np.float32)
        total += looks.sum(0, dtype=np.float64)
        second += looks.T @ looks
        count += len(looks)
    mean = total / count
    return UnitStatistics(mean, second / count - np.outer(mean, mean))


COVARIANCE_RIDGE = 1e-2
"""Share of the mean variance added to every unit's, so that no unit is taken for an exact sum of others by chance."""


def damped(covariance: NDArray[np.float64]) -> NDArray[np.float64]:
    """The covariance with a ridge that makes it safe to invert."""
    diagonal = np.diagonal(covariance)
    ridge = COVARIANCE_RIDGE * float(diagonal.mean()) + np.finfo(np.float32).tiny
    return covariance + ridge * np.eye(len(covariance))
