"""Roles of the inputs of a model that ONNX text describes, as every test of this room needs them."""

from __future__ import annotations

from paoding_onnx.calibration.input_kinds import InputRole, roles_of
from paoding_onnx.calibration.preprocess import Preprocess
from paoding_onnx.calibration.samples import InputOptions
from paoding_onnx.model.graph import Graph
from paoding_onnx.shapes.observe import observe, runnable_shapes
from tests.models import model


def roles(text: str, *, kind: str = "auto", batch: int = 6, **settings: object) -> dict[str, InputRole]:
    """The role of each input by its name, and what a user may say about the main one in `kind` and `settings`."""
    found = model(text)
    graph = observe(found)
    options = InputOptions(kind, Preprocess(**settings))
    told = roles_of(found.inputs, graph, runnable_shapes(graph), options, batch=batch)
    return {role.spec.name: role for role in told}


def role_and_graph(text: str, **given: object) -> tuple[InputRole, Graph]:
    """The role of the only input, and the graph that reads it."""
    (role,) = roles(text, **given).values()
    return role, observe(model(text))
