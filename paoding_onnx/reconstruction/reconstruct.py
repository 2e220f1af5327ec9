"""The smaller model with its layers fitted: puts together what surgery, observation and least squares know."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from paoding_onnx.context import Run
from paoding_onnx.dependency.cost import nothing
from paoding_onnx.dependency.trace import Trace
from paoding_onnx.errors import ModelError
from paoding_onnx.layerwise.ridge import FittedLayer
from paoding_onnx.layerwise.weights import View
from paoding_onnx.model.compare import mean_difference
from paoding_onnx.model.graph import Graph
from paoding_onnx.model.load import Model
from paoding_onnx.model.naming import names_in
from paoding_onnx.model.nodes import Array
from paoding_onnx.model.quick import quick
from paoding_onnx.model.read import constants
from paoding_onnx.reconstruction.basis import Basis
from paoding_onnx.reconstruction.compensate import compensate
from paoding_onnx.reconstruction.fit_layers import Pair, fit_layers
from paoding_onnx.shapes.observe import first_two, observe_on
from paoding_onnx.surgery.added_bias import OpenBias, open_biases, with_biases
from paoding_onnx.surgery.cut import cut, reweigh
from paoding_onnx.surgery.plan import Plan

FARTHER = (1.5, 0.1)
"""How much farther from the original's outputs may be where units stand in, by a factor and a summand: fits follow."""


@dataclass(frozen=True, slots=True)
class Reconstructed:
    """A smaller model after repair, and how far each fitted layer was from the original before and after.

    `n_added` parameters are biases of layers that had none. `compensated` are constants of the original in which kept
    units stand in for removed ones, `decided` those of the smaller model that were fitted, both by name. `reached` are
    tensors that the first batch led to while it was fitted.
    """

    model: Model
    layers: tuple[FittedLayer, ...]
    n_added: int = 0
    compensated: Mapping[str, Array] = field(default_factory=dict)
    decided: Mapping[str, Array] = field(default_factory=dict)
    reached: Mapping[str, Array] = field(default_factory=dict)


def reconstruct(model: Model, trace: Trace, plan: Plan, basis: Basis, run: Run, *, room: int = 0) -> Reconstructed:
    """`model` without the units that `plan` removes, its layers fitted to compute what they did before.

    First the units that stay stand in for those that go, unless that leads away, then least squares take over. Both
    models work with the statistics in `basis` while that is done; the result has the stored ones. Layers without a bias
    get one where that is of use, front to back, as long as there is `room` for so many more parameters.

    Raises:
        ModelError: if a part of a model cannot be run alone.
    """
    statistics = basis.statistics.normalization
    original, bare = reweigh(model, statistics), cut(model, trace, plan, statistics)
    compensated = _compensated(trace, plan, basis, {})
    small = cut(model, trace, plan, _compensated(trace, plan, basis, statistics) if statistics else compensated)
    if compensated and not _is_near(original, small, bare, basis.samples.batches[0]):
        compensated, small = {}, bare
    smaller = cut(model, trace, plan, compensated) if statistics else small
    two = first_two(trace.graph, basis.samples.batches[0])
    small_graph = observe_on(small, two)
    added = _fitting_in(room, open_biases(small_graph, names_in(small.proto)))
    small = with_biases(small, added)
    pair = Pair(
        original=original,
        original_graph=_with_constants(trace.graph, statistics),
        smaller=small,
        smaller_graph=observe_on(small, two) if added else small_graph,
        kept=lambda name, array: _kept(trace, plan, name, array),
    )
    with np.errstate(over="ignore", invalid="ignore"):  # synthetic inputs may make activations explode
        inputs, weights = basis.samples, basis.samples.weights
        found = fit_layers(pair, inputs.batches, run, spares_last=inputs.is_synthetic, weights=weights)
    used = [bias for bias in added if bias.name in found.shifts]
    smaller = with_biases(smaller, used)
    old = constants(smaller)
    shifted = {name: np.add(old[name], shift).astype(old[name].dtype) for name, shift in found.shifts.items()}
    decided = found.weights | shifted
    n_added = sum(bias.zeros.size for bias in used)
    fitted = reweigh(smaller, decided)
    return Reconstructed(fitted, tuple(found.layers), n_added, compensated, decided, found.reached)


def _is_near(original: Model, model: Model, other: Model, feed: Mapping[str, Array]) -> bool:
    """Whether a model's outputs are not much farther from the original's than those of another one."""
    wanted = quick(original).run(feed)
    own, others = (mean_difference(wanted, quick(one).run(feed)) for one in (model, other))
    factor, summand = FARTHER
    return math.isnan(others) or own <= factor * others + summand


def _fitting_in(room: int, biases: Iterable[OpenBias]) -> tuple[OpenBias, ...]:
    """Those biases, from the first on, that have room together."""
    found = []
    for bias in biases:
        if bias.zeros.size <= room:
            room -= bias.zeros.size
            found.append(bias)
    return tuple(found)


def _compensated(trace: Trace, plan: Plan, basis: Basis, overrides: Mapping[str, Array]) -> Mapping[str, Array]:
    """Constants after the kept units of every group stand in for the removed ones, starting from `overrides`."""
    for group in trace.groups:
        gone = group.start + np.flatnonzero(plan.removed[group.start : group.stop])
        if gone.size:
            view = View(trace, nothing(trace), overrides, unit_statistics=basis.statistics.units)
            overrides = compensate(view, group, gone.tolist(), basis.layers)
    return overrides


def _kept(trace: Trace, plan: Plan, name: str, array: Array) -> Array:
    """What stays of a tensor.

    Raises:
        ModelError: if its units share an axis with samples in a way that cannot be told.
    """
    kept = trace.kept_part(name, array, plan.removed)
    if kept is None:
        raise ModelError(f"it cannot be told which parts of {name!r} stay at shape {array.shape}")
    return kept


def _with_constants(graph: Graph, overrides: Mapping[str, Array]) -> Graph:
    """The graph with other content in some constants."""
    tensors = dict(graph.tensors)
    for name, value in overrides.items():
        tensors[name] = replace(tensors[name], value=value)
    return replace(graph, tensors=tensors)
