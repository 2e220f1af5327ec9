"""Means and variances of a network's normalizations: those of given inputs, and those of the original that stay."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from paoding_onnx.context import Run
from paoding_onnx.dependency.trace import Trace
from paoding_onnx.layerwise.statistics import statistics_of
from paoding_onnx.layerwise.stream import Stream
from paoding_onnx.model.graph import Graph
from paoding_onnx.model.load import Model
from paoding_onnx.model.nodes import Array
from paoding_onnx.recovery.batch_statistics import mapped
from paoding_onnx.recovery.trained import Normalization
from paoding_onnx.rules.binding import stored_statistics
from paoding_onnx.surgery.plan import Plan


@dataclass(frozen=True, slots=True)
class Observed:
    """A network in which normalizations are looked at; `overrides` are constants that differ from the graph's."""

    model: Model
    graph: Graph
    normalizations: Sequence[Normalization]
    overrides: Mapping[str, Array] = field(default_factory=dict)


def statistics_on(observed: Observed, feeds: Sequence[Mapping[str, Array]], run: Run) -> dict[str, Array]:
    """The statistics that normalizations have on inputs, each with those before it in place."""
    if not observed.normalizations:
        return {}
    graph = observed.graph
    places = {t.name: number for number, node in enumerate(graph.nodes) for t in node.outputs if t is not None}
    found: dict[str, Array] = {}
    held = run.memory // 4
    with Stream(observed.model, graph, feeds, overrides=observed.overrides, memory=held, on=run.deployment) as stream:
        for one in observed.normalizations:
            source = one.bound.node.inputs[0]
            if source is None:
                continue
            stream.advance(places[one.bound.node.first_output.name])
            own = statistics_of(one.bound, stream.value(source.name))
            found |= own
            stream.override(own)
    return found


@dataclass(frozen=True, slots=True)
class Original:
    """What the original has, of the channels that stay: `stored` and `taught_by`, each mean and variance, by output."""

    stored: Mapping[str, tuple[Array, Array]]
    taught_by: Mapping[str, tuple[Array, Array]]


def of_original(trace: Trace, plan: Plan, statistics: Mapping[str, Array]) -> Original:
    """Stored statistics, and those in `statistics`, of what stays of every normalization."""
    stored, taught_by = {}, {}
    for bound in trace.bound_nodes:
        found = stored_statistics(bound)
        if found is None or found.mean.name not in statistics:
            continue
        parts = []
        for tensor in (found.mean, found.variance):
            use = next(one for one in bound.inputs if one is not None and one.tensor == tensor.name)
            whole = np.zeros(0) if tensor.value is None else tensor.value
            parts.append([trace.kept_of(use, value, plan.removed) for value in (whole, statistics[tensor.name])])
        name = bound.node.first_output.name
        stored[name], taught_by[name] = ((parts[0][k], parts[1][k]) for k in (0, 1))
    return Original(stored, taught_by)


def to_store(
    normalizations: Sequence[Normalization], own: Mapping[str, Array], original: Original
) -> Iterator[tuple[str, Array]]:
    """What the smaller model's normalizations have to store for real data, by name of the constant."""
    for one in normalizations:
        mean, variance = one.stored.mean, one.stored.variance
        output = one.bound.node.first_output.name
        known = (original.stored[output], original.taught_by[output], (own[mean.name], own[variance.name]))
        first, second, third = ((np.asarray(a, np.float64), np.asarray(b, np.float64)) for a, b in known)
        for tensor, value in zip((mean, variance), mapped(first, second, third), strict=True):
            yield tensor.name, value.astype(tensor.dtype)
