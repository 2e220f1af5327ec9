"""What units do on given inputs: mean and covariance of every group of units where a node consumes them.

On the way, stored statistics of normalisations are replaced by those of the inputs, if that is asked for: a network on
synthetic inputs then works in the range in which it works on real ones.
"""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from paoding_onnx.context import Run
from paoding_onnx.dependency.trace import Group, ParameterAxis, Role, Trace
from paoding_onnx.layerwise.store import Batches
from paoding_onnx.layerwise.stream import Stream, Watcher
from paoding_onnx.layerwise.weights import UnitStatistics
from paoding_onnx.model.load import Model
from paoding_onnx.model.nodes import Array, Node
from paoding_onnx.rules.binding import BoundNode, stored_statistics

MOST_ROWS = 1 << 15
"""Positions of all inputs together at which units are looked at."""
PART_SIZE = 1 << 20
"""Numbers of a tensor that are worked on at a time."""
FAINT = 1e-2
"""Share of the stored variance that a channel's variance is never taken to be below."""


@dataclass(frozen=True, slots=True)
class ActivationStatistics:
    """What units do on given inputs.

    `units` has their mean and covariance by first unit of the group and number of the consuming node, `halved` the same
    of every second batch, from the first on: what is made of them can be judged on the other batches. `normalization`
    has the mean and variance that stand in for stored ones, by name of the constant.
    """

    units: Mapping[tuple[int, int], UnitStatistics]
    normalization: Mapping[str, Array]
    halved: Mapping[tuple[int, int], UnitStatistics] = field(default_factory=dict)

    def whole(self) -> ActivationStatistics:
        """The same without those of every second batch, which are as large as all others."""
        return replace(self, halved=MappingProxyType({}))


@dataclass(frozen=True, slots=True)
class ConsumerAxis:
    """Where a node consumes units of a group: its operand that nodes compute, and the axis on which they lie."""

    group: Group
    node_index: int
    operand: int
    axis: int


def observe_units(
    model: Model,
    trace: Trace,
    feeds: Sequence[Mapping[str, Array]],
    run: Run,
    *,
    renormalise: bool,
    weights: Sequence[float] = (),
) -> ActivationStatistics:
    """Run `model` on `feeds` and look at all units where they are consumed; feeds count as `weights` say, if any do.

    Raises:
        ModelError: if a part of the model cannot be run alone.
    """
    watched: dict[str, list[_Look]] = {}
    for consumer_axis in consumer_axes(trace):
        bound = trace.bound_nodes[consumer_axis.node_index]
        look = _Look(consumer_axis, trace, weights or [1.0] * len(feeds))
        watched.setdefault(_source(bound, consumer_axis.operand), []).append(look)
    watchers = {name: _shown_to(looks) for name, looks in watched.items()}
    replaced = list(normalising(trace)) if renormalise else []
    statistics: dict[str, Array] = {}
    with Stream(model, trace.graph, feeds, memory=run.memory, on=run.deployment) as stream:
        for index in replaced:
            stream.advance(index, watchers)
            bound = trace.bound_nodes[index]
            own = statistics_of(bound, stream.value(_source(bound, 0)))
            statistics |= own
            stream.override(own)
        makers = (index for index, node in enumerate(trace.graph.nodes) if _makes_any(node, watchers))
        stream.advance(max(makers, default=-1) + 1, watchers)
    looks = [look for part in watched.values() for look in part]
    found = {(look.of.group.start, look.of.node_index): look.statistics() for look in looks}
    whole, halved = ({key: pair[k] for key, pair in found.items()} for k in (0, 1))
    return ActivationStatistics(MappingProxyType(whole), MappingProxyType(statistics), MappingProxyType(halved))


def _shown_to(looks: Sequence[_Look]) -> Watcher:
    """What shows a tensor to all that look at it."""

    def show(value: Array, _: int) -> None:
        for look in looks:
            look.add(value)

    return show


def _makes_any(node: Node, names: Container[str]) -> bool:
    return any(tensor is not None and tensor.name in names for tensor in node.outputs)


def consumer_axes(trace: Trace) -> Iterator[ConsumerAxis]:
    """Every node that consumes units through a weight, once for each group, in running order."""
    found = {}
    for group in trace.groups:
        for parameter_axis in group.having(Role.CONSUMES):
            where = _where(trace, group, parameter_axis)
            if where is not None and _can_be_shown(trace, parameter_axis.node_index, where[0]):
                found[parameter_axis.node_index, group.start] = ConsumerAxis(group, parameter_axis.node_index, *where)
    return iter(found[key] for key in sorted(found))


def _can_be_shown(trace: Trace, node_index: int, operand: int) -> bool:
    """Whether an operand is a tensor that is shown to watchers: not if it is in a body within a body."""
    name, graph = _source(trace.bound_nodes[node_index], operand), trace.graph
    is_inner = any(node.within for node in graph.nodes if any(t is not None and t.name == name for t in node.outputs))
    return not is_inner or name in graph.stepwise


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
        if tensors and not bound.node.within and all(t.is_constant and len(readers[t.name]) == 1 for t in tensors):
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
    parts = (part for value in values for part in _in_parts(value, axis))
    squares = sum(np.square(part - total.reshape(shape), dtype=np.float64).sum(others) for part in parts) / count
    least = FAINT * np.asarray(variance.value, np.float64)
    return {mean.name: total.astype(mean.dtype), variance.name: np.maximum(squares, least).astype(mean.dtype)}


def _in_parts(value: Array, axis: int) -> Iterator[Array]:
    """The array in parts of a few megabytes, split along another axis than `axis` where there is one."""
    n_parts = -(-value.size // PART_SIZE)
    along = 0 if axis else value.ndim - 1
    return iter(np.array_split(value, min(n_parts, value.shape[along]), along) if along != axis else [value])


def _source(bound: BoundNode, operand: int) -> str:
    tensor = bound.node.operand(operand)
    return tensor.name if tensor is not None else ""


class _Look:
    """Mean and covariance of units over samples and positions, of all batches and of every second one.

    A unit with several positions on the axis counts each.
    """

    def __init__(self, of: ConsumerAxis, trace: Trace, weights: Sequence[float]) -> None:
        self.of = of
        use = trace.bound_nodes[of.node_index].inputs[of.operand]
        self._axis = of.axis + int(use is not None and use.tensor in trace.graph.stepwise)  # behind the steps
        units = trace.units[use, of.axis] if use is not None else np.zeros(0, np.int64)
        self._positions = of.group.positions(units)
        self._per_batch = max(MOST_ROWS * of.group.n_units // max(self._positions.size, 1) // len(weights), 1)
        self._rng = np.random.default_rng(of.node_index)
        self._first, self._second = _Moments(of.group.n_units), _Moments(of.group.n_units)
        self._weights = iter(weights)
        self._is_odd = False

    def add(self, value: Array) -> None:
        """Take in the next batch of the tensor."""
        n_units = self.of.group.n_units
        places = np.moveaxis(value, self._axis, -1)
        n_places = value.size // value.shape[self._axis]
        wanted = min(self._per_batch, n_places)
        chosen = np.sort(self._rng.choice(n_places, wanted, replace=False, shuffle=False))
        where = np.unravel_index(chosen, places.shape[:-1]) if places.ndim > 1 else ()
        rows = places[where].reshape(len(chosen), -1)[:, self._positions]
        looks = rows.reshape(len(rows), n_units, -1).transpose(0, 2, 1).reshape(-1, n_units).astype(np.float32)
        (self._second if self._is_odd else self._first).add(looks, next(self._weights))
        self._is_odd = not self._is_odd

    def statistics(self) -> tuple[UnitStatistics, UnitStatistics]:
        """Those of all batches, and those of every second one from the first on; what they are made of is forgotten."""
        first, second = self._first, self._second
        self._first = self._second = _Moments(0)
        halved = first.statistics()
        first.add_others(second)
        return first.statistics(), halved


class _Moments:
    """Sums over places: of units, of products of every two, and how many places there were, each by its weight."""

    def __init__(self, n_units: int) -> None:
        self.total = np.zeros(n_units)
        self.second = np.zeros((n_units, n_units))
        self.count = 0.0

    def add(self, looks: NDArray[np.float32], weight: float) -> None:
        """Take in units at more places, `(n_places, n_units)`, each of which counts so much."""
        self.total += weight * looks.sum(0, dtype=np.float64)
        self.second += weight * (looks.T @ looks)
        self.count += weight * len(looks)

    def add_others(self, others: _Moments) -> None:
        """Take in the sums over other places."""
        self.total += others.total
        self.second += others.second
        self.count += others.count

    def statistics(self) -> UnitStatistics:
        """Mean and covariance."""
        count = self.count or 1.0
        mean = self.total / count
        covariance = self.second / count
        covariance -= np.outer(mean, mean)
        return UnitStatistics(mean, covariance, round(self.count))


COVARIANCE_RIDGE = 1e-2
"""Share of the mean variance added to every unit's, so that no unit is taken for an exact sum of others by chance."""

PLACES_ENOUGH = 4
"""Units seen at more places than this times their number are known well enough."""


def damped(covariance: NDArray[np.float64], count: int) -> NDArray[np.float64]:
    """The covariance, seen at `count` places, made safe to invert: shrunk towards its diagonal, and with a ridge."""
    diagonal = np.diagonal(covariance)
    ridge = COVARIANCE_RIDGE * float(diagonal.mean()) + np.finfo(np.float32).tiny
    share = shrinkage(covariance, count) if count < PLACES_ENOUGH * len(covariance) else 0.0
    return (1 - share) * covariance + np.diag(share * diagonal + ridge)


def shrinkage(covariance: NDArray[np.float64], count: int) -> float:
    """How little the correlations of units are known that were seen at `count` places, from 0 to 1.

    Close to 0 where the places are many more than the units; else what seems to go together may do so by chance.

    Source: Chen, Wiesel, Eldar, Hero 2010, "Shrinkage Algorithms for MMSE Covariance Estimation" (oracle approximating
    shrinkage), of correlations in place of covariances.

    >>> shrinkage(np.array([[1.0, 0.9], [0.9, 1.0]]), 10_000) < 0.001
    True
    """
    deviation = np.sqrt(np.maximum(np.diagonal(covariance), 0))
    known = deviation > 0
    n_units = int(known.sum())
    if n_units < 2:
        return 0.0
    correlation = covariance[np.ix_(known, known)] / np.outer(deviation[known], deviation[known])
    together = float(np.square(correlation).sum())
    spread = (count + 1 - 2 / n_units) * (together - n_units)
    return min(((1 - 2 / n_units) * together + n_units**2) / spread, 1.0) if spread > 0 else 1.0
