"""What units do on given inputs: mean and covariance of every group of units where a node consumes them.

On the way, stored statistics of normalisations are replaced by those of the inputs, if that is asked for: a network on
made-up inputs then works in the range in which it works on real ones.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from paoding_onnx.dependency.trace import Group, Place, Role, Trace
from paoding_onnx.layerwise.stream import Batches, Stream
from paoding_onnx.model.graph import Array
from paoding_onnx.model.load import Model
from paoding_onnx.rules.binding import Site

MOST_ROWS = 1 << 15
"""Positions of all inputs together at which units are looked at."""
FAINT = 1e-2
"""Share of the stored variance that a channel's variance is never taken to be below."""


@dataclass(frozen=True, slots=True)
class Moments:
    """Mean `(n_units,)` and covariance `(n_units, n_units)` of a group's units where a node consumes them."""

    mean: NDArray[np.float64]
    covariance: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Observed:
    """Moments by first unit of the group and number of the consuming site; statistics by name of the constant."""

    moments: Mapping[tuple[int, int], Moments]
    statistics: Mapping[str, Array]


@dataclass(frozen=True, slots=True)
class Meeting:
    """Where a site consumes units of a group: its operand that nodes compute, and the axis on which they lie."""

    group: Group
    site: int
    operand: int
    axis: int


def observe_units(
    model: Model, trace: Trace, feeds: Sequence[Mapping[str, Array]], *, renormalise: bool, memory: int
) -> Observed:
    """Run `model` on `feeds` and look at all units where they are consumed.

    Raises:
        ModelError: if a part of the model cannot be run alone.
    """
    wanted: dict[int, list[Meeting]] = {}
    for meeting in meetings(trace):
        wanted.setdefault(meeting.site, []).append(meeting)
    replaced = set(normalising(trace)) if renormalise else set()
    statistics: dict[str, Array] = {}
    moments: dict[tuple[int, int], Moments] = {}
    with Stream(model, trace.graph, feeds, memory=memory) as stream:
        for index in sorted(replaced | wanted.keys()):
            stream.advance(index)
            site = trace.sites[index]
            if index in replaced:
                own = _statistics(site, stream.value(_source(site, 0)))
                statistics |= own
                stream.override(own)
            for meeting in wanted.get(index, ()):
                values = stream.value(_source(site, meeting.operand))
                moments[meeting.group.start, index] = _moments(meeting, trace, values)
    return Observed(MappingProxyType(moments), MappingProxyType(statistics))


def meetings(trace: Trace) -> Iterator[Meeting]:
    """Every site that consumes units through a weight, once for each group, in running order."""
    found = {}
    for group in trace.groups:
        for place in group.having(Role.CONSUMES):
            where = _where(trace, group, place)
            if where is not None:
                found[place.site, group.start] = Meeting(group, place.site, *where)
    return iter(found[key] for key in sorted(found))


def _where(trace: Trace, group: Group, place: Place) -> tuple[int, int] | None:
    """Operand and axis of the computed tensor that meets the weight at `place`."""
    site = trace.sites[place.site]
    for operand, (tensor, slot) in enumerate(zip(site.node.inputs, site.inputs, strict=True)):
        if tensor is None or slot is None or slot == place.slot or tensor.is_constant:
            continue
        for axis in range(len(tensor.shape or ())):
            units = trace.units[slot, axis]
            counts = np.bincount(units[(units >= group.start) & (units < group.stop)] - group.start)
            if counts.size == group.n_units and counts.min() == counts.max() > 0:
                return operand, axis
    return None


def normalising(trace: Trace) -> Iterator[int]:
    """Sites whose statistics are constants that no other node reads."""
    readers = trace.graph.readers()
    for index, site in enumerate(trace.sites):
        where = site.rule.statistics
        tensors = () if where is None else (site.node.operand(where.mean), site.node.operand(where.variance))
        if tensors and all(t is not None and t.is_constant and len(readers[t.name]) == 1 for t in tensors):
            yield index


def _statistics(site: Site, values: Batches) -> dict[str, Array]:
    """Mean and variance of a normalisation's units on these inputs, by the names of the constants that hold them."""
    where = site.rule.statistics
    mean, variance = (site.node.operand(k) for k in ((where.mean, where.variance) if where is not None else ()))
    if mean is None or variance is None or mean.dtype is None or variance.value is None:
        return {}
    axis = statistics_axis(site)
    others = tuple(k for k in range(values[0].ndim) if k != axis)
    count = sum(value.size // value.shape[axis] for value in values)
    total = sum(np.sum(value, axis=others, dtype=np.float64) for value in values) / count
    shape = [-1 if k == axis else 1 for k in range(values[0].ndim)]
    squares = sum(np.square(value - total.reshape(shape), dtype=np.float64).sum(others) for value in values) / count
    least = FAINT * np.asarray(variance.value, np.float64)
    return {mean.name: total.astype(mean.dtype), variance.name: np.maximum(squares, least).astype(mean.dtype)}


def statistics_axis(site: Site) -> int:
    """The axis of input 0 on which the units lie whose statistics are stored."""
    where = site.rule.statistics
    own = (site.bound.inputs[where.mean if where is not None else 0] or ())[0]
    return (site.bound.inputs[0] or ()).index(own)


def _source(site: Site, operand: int) -> str:
    tensor = site.node.operand(operand)
    return tensor.name if tensor is not None else ""


def _moments(meeting: Meeting, trace: Trace, values: Batches) -> Moments:
    """Mean and covariance over samples and positions; a unit with several positions on the axis counts each."""
    slot = trace.sites[meeting.site].inputs[meeting.operand]
    units = trace.units[slot, meeting.axis] if slot is not None else np.zeros(0, np.int64)
    positions, n_units = meeting.group.positions(units), meeting.group.n_units
    per_batch = max(MOST_ROWS * n_units // max(positions.size, 1) // len(values), 1)
    total, second, count = np.zeros(n_units), np.zeros((n_units, n_units)), 0
    rng = np.random.default_rng(meeting.site)
    for value in values:
        rows = np.moveaxis(value, meeting.axis, -1).reshape(-1, value.shape[meeting.axis])
        rows = rows[np.sort(rng.permutation(len(rows))[:per_batch])][:, positions]
        looks = rows.reshape(len(rows), n_units, -1).transpose(0, 2, 1).reshape(-1, n_units).astype(np.float32)
        total += looks.sum(0, dtype=np.float64)
        second += looks.T @ looks
        count += len(looks)
    mean = total / count
    return Moments(mean, second / count - np.outer(mean, mean))


RIDGE = 1e-2
"""Share of the mean variance added to every unit's, so that no unit is taken for an exact sum of others by chance."""


def damped(covariance: NDArray[np.float64]) -> NDArray[np.float64]:
    """The covariance with a ridge that makes it safe to invert."""
    diagonal = np.diagonal(covariance)
    ridge = RIDGE * float(diagonal.mean()) + np.finfo(np.float32).tiny
    return covariance + ridge * np.eye(len(covariance))
