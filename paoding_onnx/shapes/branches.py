"""Choices that a model does not need to make, or that need not hide what its branches compute.

Exporters write a choice where they do not know a size that is known to the file: whether there is an axis to squeeze,
whether a picture has the size that pooling wants. There the branch that is always taken comes in its place. Others are
meant, as by the rate at which sound was sampled: these are opened for the analysis, see `paoding_onnx.shapes.choices`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

import numpy as np
import onnx

from paoding_onnx.errors import ModelError
from paoding_onnx.model.graph import Graph
from paoding_onnx.model.load import Model
from paoding_onnx.model.node_index import makers
from paoding_onnx.model.nodes import Array
from paoding_onnx.model.session import Session
from paoding_onnx.model.subgraphs import captures
from paoding_onnx.rules.forms import CHOOSE, PASS_ON
from paoding_onnx.shapes.choices import Choice, Draft, branches_of
from paoding_onnx.shapes.dummy_inputs import random_feeds
from paoding_onnx.shapes.observe import sizes_of


def resolved(model: Model, graph: Graph) -> Model:
    """The model with the branches that it always takes; `model` itself if there are none.

    `graph` is what was observed of it. A branch may hold further choices: observe the result to resolve those.
    """
    branches = _taken(model, graph)
    if not branches:
        return model
    draft, read = Draft(model, set(branches)), set[str]()
    for node in model.proto.graph.node:
        branch = branches.get(node.output[0])
        if branch is None:
            draft.nodes.append(node)
            continue
        read |= {*node.input, *captures(node)}
        for (result, _), made in zip(draft.inline(branch), node.output, strict=True):
            draft.pass_on(result, made)
    simpler = draft.model(draft.nodes)
    _drop_unread(simpler.proto, draft.weights, read)
    return simpler


def hidden(model: Model) -> Iterator[str]:
    """The first tensor that each choice makes which is left in a model."""
    return (node.output[0] for node in model.proto.graph.node if branches_of(node))


def ends_a_model(model: Model, output: str) -> bool:
    """Whether all that the choice makes which makes `output` leaves the model as it is.

    Only there may the results of both branches be outputs for the time being, which keeps their axes as they are, and
    only so does a branch count that the inputs at hand do not take.
    """
    node = next(node for node in model.proto.graph.node if output in node.output)
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
    takers = (node for node in graph.nodes if node.operator == CHOOSE and node.first_output.name in choice.outputs)
    for node in takers:
        _, *sides = (tensor.name for tensor in (*node.inputs, node.first_output) if tensor is not None)
        for shapes in ({name: graph.tensors[name].shape for name in sides}, sizes.shapes):
            if len({shapes.get(name) for name in sides}) != 1:
                return False
    try:
        values = Session(model).run(random_feeds(model.inputs, sizes.measured, np.random.default_rng(0)))
    except ModelError:
        return False
    return all(np.isfinite(values[name]).all() for name in choice.added if values[name].dtype.kind == "f")


def _taken(model: Model, graph: Graph) -> dict[str, onnx.GraphProto]:
    """The branch of each choice that always falls alike, by the name of the first output."""
    found: dict[str, onnx.GraphProto] = {}
    for node in model.proto.graph.node:
        branches = branches_of(node)
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
