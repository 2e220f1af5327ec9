"""Choices that a model does not need to make, or that need not hide what its branches compute.

Exporters write a choice where they do not know a size that is known to the file: whether there is an axis to squeeze,
whether a picture has the size that pooling wants. There the branch that is always taken comes in its place. Others are
meant, as by the rate at which sound was sampled: these are opened for the analysis, see `paoding_onnx.shapes.choices`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping

import numpy as np
import onnx

from paoding_onnx.errors import ModelError
from paoding_onnx.model.graph import Graph
from paoding_onnx.model.input_sizes import Feeding
from paoding_onnx.model.load import Model
from paoding_onnx.model.node_index import makers
from paoding_onnx.model.nodes import Array
from paoding_onnx.model.session import Session
from paoding_onnx.model.subgraphs import captures
from paoding_onnx.rules.forms import CHOOSE, PASS_ON
from paoding_onnx.shapes.choices import Choice, branches_of, sides_of
from paoding_onnx.shapes.draft import Draft, levels
from paoding_onnx.shapes.dummy_inputs import random_feeds
from paoding_onnx.shapes.observe import sizes_of


def resolved(model: Model, graph: Graph) -> Model:
    """The model with the branches that it always takes; `model` itself if there are none.

    `graph` is what was observed of it. A branch may hold further choices: observe the result to resolve those.
    """
    branches = _taken(model, graph)
    if not branches:
        return model
    draft, read = Draft(model), set[str]()
    for output, branch in branches.items():
        node = draft.take_out(output)
        read |= {*node.input, *captures(node)}
        for (result, _), made in zip(draft.inline(branch), node.output, strict=True):
            draft.pass_on(result, made)
    simpler = draft.model()
    _drop_unread(simpler.proto, draft.weights, read)
    return simpler


def hidden(model: Model) -> Iterator[str]:
    """The first tensor that each choice makes which is left in a model."""
    return (node.output[0] for graph in levels(model.proto) for node in graph.node if branches_of(node))


def ends_a_model(model: Model, output: str) -> bool:
    """Whether all that the choice makes which makes `output` leaves the model as it is.

    Only there may the results of both branches be outputs for the time being, which keeps their axes as they are.
    """
    node = next((node for node in model.proto.graph.node if output in node.output), None)
    if node is None:
        return False  # it is in a body
    ends = {info.name for info in model.proto.graph.output}
    read: set[str] = set()
    for other in reversed(model.proto.graph.node):
        if other.op_type == PASS_ON and set(other.output) <= ends:
            ends |= set(other.input)
        else:
            read |= {*other.input, *captures(other)}
    return set(node.output) <= ends and read.isdisjoint(node.output)


def can_be_open(model: Model, graph: Graph, choice: Choice) -> bool:
    """Whether a model computes both branches of an open choice side by side: alike in size, and all of it numbers.

    `graph` is what was observed of the open model.
    """
    sizes = sizes_of(graph)
    takers = [node for node in graph.nodes if node.operator == CHOOSE and node.first_output.name in choice.outputs]
    if len(takers) < len(choice.outputs):
        return False  # they are in a body that could not be looked into
    for node in takers:
        _, *sides = (tensor.name for tensor in (*node.inputs, node.first_output) if tensor is not None)
        for shapes in ({name: graph.tensors[name].shape for name in sides}, sizes.shapes):
            if len({shapes.get(name) for name in sides}) != 1:
                return False
    watch = [name for name in sides_of(model, choice) if name in makers(model.proto.graph.node)]
    try:
        values = Session(model, watch=watch).run(random_feeds(model.inputs, sizes.measured, np.random.default_rng(0)))
    except ModelError:
        return False
    return all(np.isfinite(values[name]).all() for name in watch if values[name].dtype.kind == "f")


def said_by(model: Model, graph: Graph, output: str) -> bool | None:
    """What the condition of the choice said that makes `output`, in the main graph; `None` if it was not seen.

    `graph` is what was observed of the model.
    """
    node = next((node for node in model.proto.graph.node if output in node.output), None)
    condition = None if node is None else graph.tensors.get(node.input[0])
    value = None if condition is None else condition.value
    return bool(value.reshape(-1)[0]) if value is not None and value.size == 1 else None


def says_always(model: Model, condition: str, said: bool, feedings: Iterable[Feeding]) -> bool:
    """Whether a condition says the same at all of these sizes at which the model runs."""
    session = Session(model, watch=[condition])
    for feeding in feedings:
        try:
            values = session.run(random_feeds(model.inputs, feeding, np.random.default_rng(0)))
        except ModelError:
            continue
        if bool(values[condition].reshape(-1)[0]) != said:
            return False
    return True


def looked_at(model: Model, graph: Graph, choices: Iterable[Choice]) -> tuple[str, ...]:
    """What shows what becomes of both branches of choices that are drawn, and of what really decides.

    These are the results of both, and the last floats on the way to the condition.
    """
    names: dict[str, None] = {}
    made = makers(model.proto.graph.node)
    for choice in choices:
        if choice.drawn:
            names |= dict.fromkeys(sides_of(model, choice))
            names |= dict.fromkeys(_last_floats(model, graph, choice.condition, made))
    return tuple(name for name in names if name in made and _is_float(graph, name))


def _last_floats(model: Model, graph: Graph, name: str, made: Mapping[str, int]) -> Iterator[str]:
    """The floats nearest to a tensor among those that it is computed from."""
    waiting, seen = [name], set[str]()
    while waiting:
        name = waiting.pop()
        if name in seen or name not in made:
            continue
        seen.add(name)
        if _is_float(graph, name):
            yield name
        else:
            node = model.proto.graph.node[made[name]]
            waiting += sorted({*node.input, *captures(node)} - {""})


def _is_float(graph: Graph, name: str) -> bool:
    tensor = graph.tensors.get(name)
    return tensor is not None and not tensor.is_constant and tensor.dtype is not None and tensor.dtype.kind == "f"


def _taken(model: Model, graph: Graph) -> dict[str, onnx.GraphProto]:
    """The branch of each choice that always falls alike, by the name of the first output."""
    found: dict[str, onnx.GraphProto] = {}
    known = {node.first_output.name for node in graph.nodes}  # without what is in bodies that were not looked into
    for node in (node for level in levels(model.proto) for node in level.node):
        branches = branches_of(node) if node.output and node.output[0] in known else {}
        condition = graph.tensors.get(node.input[0]) if branches else None
        if condition is not None and condition.value is not None and not _may_vary(condition.varies):
            found[node.output[0]] = branches[bool(condition.value.reshape(-1)[0])]
    return found


def _may_vary(varies: Array | None) -> bool:
    return varies is not None and bool(varies.any())


def _drop_unread(proto: onnx.ModelProto, weights: dict[str, Array], read: Iterable[str]) -> None:
    """Remove what only served to compute the tensors `read`, where nothing reads these any more."""
    nodes, made = list(proto.graph.node), makers(proto.graph.node)
    needs = [{*node.input, *captures(node)} - {""} for node in nodes]
    readers = Counter(info.name for info in (*proto.graph.output, *proto.graph.input))
    readers.update(name for needed in needs for name in needed)
    waiting, dead, unread = sorted(set(read) - {""}), set[int](), set[str]()
    while waiting:
        name = waiting.pop()
        if readers[name] > 0:
            continue
        unread.add(name)
        place = made.get(name)
        if place is not None and place not in dead and not any(readers[other] > 0 for other in nodes[place].output):
            dead.add(place)
            readers.subtract(needs[place])
            waiting.extend(sorted(needs[place]))
    for place in sorted(dead, reverse=True):
        del proto.graph.node[place]
    for tensor in [tensor for tensor in proto.graph.initializer if tensor.name in unread]:
        proto.graph.initializer.remove(tensor)
        weights.pop(tensor.name, None)
