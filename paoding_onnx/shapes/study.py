"""STUDY: a model becomes one that can be traced: simplified, observed, its constants folded."""

from __future__ import annotations

from dataclasses import dataclass

from paoding_onnx.model.graph import Graph
from paoding_onnx.model.input_sizes import Given
from paoding_onnx.model.load import Model
from paoding_onnx.shapes.branches import resolved
from paoding_onnx.shapes.constant_folding import folded
from paoding_onnx.shapes.denormals import without_denormals
from paoding_onnx.shapes.observe import NOTHING_GIVEN, observe


@dataclass(frozen=True, slots=True)
class Study:
    """What was found out about a model.

    Attributes:
        simplified: the model with the branches that it always takes in the place of the choices, and with zeros in the
            place of denormal weights; itself if it has neither.
        folded: the same, its constants folded where that frees weights: the one to cut.
        graph: what was observed of `folded`.
    """

    simplified: Model
    folded: Model
    graph: Graph


def study(model: Model, given: Given = NOTHING_GIVEN, *, verbose: bool = False) -> Study:
    """What there is to know about a model; `given` and `verbose` as for `paoding_onnx.shapes.observe.observe`."""
    model = without_denormals(model)
    graph = observe(model, given, verbose=verbose)
    while (opened := resolved(model, graph)) is not model:
        model, graph = opened, observe(opened, given, verbose=verbose)
    return Study(model, *folded(model, graph))
