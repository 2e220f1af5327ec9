"""STUDY: a model becomes one that can be traced: simplified, its choices open, observed, its constants folded."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import chain

from paoding_onnx.errors import ModelError
from paoding_onnx.model.graph import Graph
from paoding_onnx.model.input_sizes import Given
from paoding_onnx.model.load import Model
from paoding_onnx.model.subgraphs import opset_of
from paoding_onnx.rules.chance import can_draw
from paoding_onnx.shapes.branches import can_be_open, ends_a_model, hidden, looked_at, resolved, said_by, says_always
from paoding_onnx.shapes.choices import Choice, opened, passed_through
from paoding_onnx.shapes.constant_folding import folded
from paoding_onnx.shapes.denormals import without_denormals
from paoding_onnx.shapes.lifting import lifted
from paoding_onnx.shapes.lists import collected_lists
from paoding_onnx.shapes.observe import NOTHING_GIVEN, observe, sizes_of
from paoding_onnx.shapes.proof_sizes import other_sizes


@dataclass(frozen=True, slots=True)
class Study:
    """What was found out about a model.

    Attributes:
        simplified: the model with the branches that it always takes in the place of the choices, with zeros in the
            place of denormal weights, with bodies made easy to look into, and with other choices open; itself if it has
            none of these.
        folded: the same, its constants folded where that frees weights: the one to cut.
        graph: what was observed of `folded`.
        choices: those that are open, in the order in which they were opened.
    """

    simplified: Model
    folded: Model
    graph: Graph
    choices: tuple[Choice, ...] = ()


def study(model: Model, given: Given = NOTHING_GIVEN, *, verbose: bool = False) -> Study:
    """What there is to know about a model; `given` and `verbose` as for `paoding_onnx.shapes.observe.observe`."""
    model = lifted(without_denormals(model))
    graph = observe(model, given, verbose=verbose)
    if (collecting := collected_lists(model, graph)) is not model:
        model = lifted(collecting)
        graph = observe(model, given, verbose=verbose)
    choices: list[Choice] = []
    shut: set[str] = set()
    while True:
        if (simpler := resolved(model, graph)) is not model:
            model = lifted(simpler)
            graph = observe(model, given, verbose=verbose)
            continue
        name = next((name for name in hidden(model) if name not in shut), None)
        if name is None:
            simpler, graph = folded(model, graph)
            return Study(model, simpler, replace(graph, watched=looked_at(simpler, graph, choices)), tuple(choices))
        tried = _opened(model, name, given, len(choices)) or _passed_through(model, graph, name, given)
        if tried is None:
            shut.add(name)
        else:
            model, graph, choice = tried
            choices.append(choice)


def _opened(model: Model, name: str, given: Given, number: int) -> tuple[Model, Graph, Choice] | None:
    """The model with one more choice open, and what is observed of it; `None` if it does not run that way."""
    drawn_as = None if ends_a_model(model, name) else number
    found = opened(model, name, drawn_as=drawn_as) if drawn_as is None or can_draw(opset_of(model.proto)) else None
    if found is None:
        return None
    simpler, choice = lifted(found[0]), found[1]
    try:
        graph = observe(simpler, given)
    except ModelError:
        return None
    return (simpler, graph, choice) if can_be_open(simpler, graph, choice) else None


def _passed_through(model: Model, graph: Graph, name: str, given: Given) -> tuple[Model, Graph, Choice] | None:
    """The model with the branch of a choice in its place that it takes at all sizes that can be found, if there is one.

    `graph` is what was observed of the model.
    """
    said = said_by(model, graph, name)
    found = None if said is None else passed_through(model, name, said=said)
    if said is None or found is None:
        return None
    try:
        seen = observe(found[0], given)
    except ModelError:
        return None
    sizes = sizes_of(seen)
    feedings = chain((sizes.measured, sizes.traced), other_sizes(found[0], seen))
    return (found[0], seen, found[1]) if says_always(model, found[1].condition, said, feedings) else None
