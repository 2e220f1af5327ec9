"""The smaller model with its layers fitted: puts together what surgery, observation and least squares know."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import replace

import numpy as np

from paoding_onnx.cost import nothing
from paoding_onnx.evidence import Evidence
from paoding_onnx.graph import Array
from paoding_onnx.graph import Graph
from paoding_onnx.loader import Model
from paoding_onnx.plan import Plan
from paoding_onnx.reader import constants
from paoding_onnx.refit import Fitted
from paoding_onnx.refit import Kept
from paoding_onnx.refit import Pair
from paoding_onnx.refit import refit
from paoding_onnx.repair import stand_in
from paoding_onnx.samplers import View
from paoding_onnx.shapes import observe
from paoding_onnx.shapes import shapes_of_two
from paoding_onnx.sites import Slot
from paoding_onnx.surgeon import cut
from paoding_onnx.surgeon import reweigh
from paoding_onnx.trace import Trace


@dataclass(frozen=True, slots=True)
class Repaired:
    """A smaller model after repair, and how far each fitted layer was from the original before and after."""

    model: Model
    layers: tuple[Fitted, ...]


def repaired(
    model: Model,
    trace: Trace,
    plan: Plan,
    evidence: Evidence,
    *,
    is_made_up: bool,
    memory: int,
    seed: int,
) -> Repaired:
    """`model` without the units that `plan` removes, its layers fitted to compute what they did before.

    First the units that stay stand in for those that go, then least squares take over. Both models work with the
    statistics in `evidence` while that is done; the result has the stored ones.

    Raises:
        ModelError: if a part of a model cannot be run alone.
    """
    statistics = evidence.observed.statistics
    smaller = cut(model, trace, plan, _stand_ins(trace, plan, evidence, {}))
    small = cut(model, trace, plan, _stand_ins(trace, plan, evidence, statistics)) if statistics else smaller
    pair = Pair(
        original=reweigh(model, statistics),
        original_graph=_with_constants(trace.graph, statistics),
        smaller=small,
        smaller_graph=observe(small, shapes_of_two(model, evidence.samples.batches[0])),
        kept=_kept(trace, plan),
    )
    with np.errstate(over="ignore", invalid="ignore"):  # made-up inputs may make activations explode
        found = refit(pair, evidence.samples.batches, spares_last=is_made_up, memory=memory, seed=seed)
    old = constants(smaller)
    shifted = {name: np.add(old[name], shift).astype(old[name].dtype) for name, shift in found.shifts.items()}
    return Repaired(reweigh(smaller, found.weights | shifted), tuple(found.layers))


def _stand_ins(trace: Trace, plan: Plan, evidence: Evidence, contents: Mapping[str, Array]) -> Mapping[str, Array]:
    """Constants after the kept units of every group stand in for the removed ones, starting from `contents`."""
    for group in trace.groups:
        gone = group.start + np.flatnonzero(plan.removed[group.start : group.stop])
        if gone.size:
            view = View(trace, nothing(trace), contents, moments=evidence.observed.moments)
            contents = stand_in(view, group, gone.tolist(), evidence.layers)
    return contents


def _with_constants(graph: Graph, contents: Mapping[str, Array]) -> Graph:
    """The graph with other content in some constants."""
    tensors = dict(graph.tensors)
    for name, value in contents.items():
        tensors[name] = replace(tensors[name], value=value)
    return replace(graph, tensors=tensors)


def _kept(trace: Trace, plan: Plan) -> Kept:
    """The positions of a tensor of the original that a plan leaves."""

    def keep(name: str, array: Array) -> Array:
        """Those positions of `array`, the content of tensor `name`."""
        for axis in range(array.ndim):
            if (Slot(name), axis) in trace.units:
                kept = trace.kept(Slot(name), axis, plan.removed)
                array = array if kept.all() else np.compress(kept, array, axis)
        return array

    return keep
