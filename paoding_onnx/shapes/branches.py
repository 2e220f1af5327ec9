"""Choices that always fall alike: the branch that is taken comes in the place of the node that chooses it.

Exporters write a choice where they do not know a size that is known to the file: whether there is an axis to squeeze,
whether a picture has the size that pooling wants. A subgraph hides its layers from the trace; this opens those that
the content of no input, and no size that is left open, decides about.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import replace
from types import MappingProxyType

import onnx
from onnx import numpy_helper

from paoding_onnx.model.external import mark_external
from paoding_onnx.model.graph import Graph
from paoding_onnx.model.load import LIFT_BYTES, PLACEHOLDER, Model
from paoding_onnx.model.naming import free_name, names_in
from paoding_onnx.model.node_index import makers
from paoding_onnx.model.nodes import Array
from paoding_onnx.model.read import captures
from paoding_onnx.rules.forms import PASS_ON, branch_taken

_FIRST_WITHOUT = 4
"""The first version of the format in which initializers need not be inputs too."""


def resolved(model: Model, graph: Graph) -> Model:
    """The model with the branches that it always takes; `model` itself if there are none.

    `graph` is what was observed of it. A branch may hold further choices: observe the result to resolve those.
    """
    branches = _taken(model, graph)
    if not branches:
        return model
    proto = onnx.ModelProto()
    proto.CopyFrom(model.proto)
    del proto.graph.node[:]
    proto.graph.node.extend(node for node in model.proto.graph.node if node.output[0] not in branches)
    taken = names_in(proto) | {name for node in model.proto.graph.node for name in node.output}
    del proto.graph.node[:]
    weights = dict(model.weights)
    read: set[str] = set()
    for node in model.proto.graph.node:
        branch = branches.get(node.output[0])
        if branch is None:
            proto.graph.node.append(node)
            continue
        read |= {*node.input, *captures(node)}
        body = _renamed(branch, tuple(node.output), taken)
        proto.graph.node.extend(body.node)
        for tensor in body.initializer:
            proto.graph.initializer.append(_lifted(tensor, weights))
            if proto.ir_version < _FIRST_WITHOUT:
                proto.graph.input.append(onnx.helper.make_tensor_value_info(tensor.name, tensor.data_type, tensor.dims))
    _drop_unread(proto, weights, read)
    return replace(model, proto=proto, weights=MappingProxyType(weights))


def _taken(model: Model, graph: Graph) -> dict[str, onnx.GraphProto]:
    """The branch of each choice that always falls alike, by the name of the first output."""
    found: dict[str, onnx.GraphProto] = {}
    for node in model.proto.graph.node:
        subgraphs = {attribute.name: attribute.g for attribute in node.attribute if attribute.HasField("g")}
        if {branch_taken(condition=True), branch_taken(condition=False)} <= subgraphs.keys():
            condition = graph.tensors.get(node.input[0])
            if condition is not None and condition.value is not None and not _may_vary(condition.varies):
                branch = subgraphs[branch_taken(condition=bool(condition.value.reshape(-1)[0]))]
                if not branch.sparse_initializer and all(node.output):
                    found[node.output[0]] = branch
    return found


def _may_vary(varies: Array | None) -> bool:
    return varies is not None and bool(varies.any())


def _renamed(branch: onnx.GraphProto, outputs: tuple[str, ...], taken: set[str]) -> onnx.GraphProto:
    """A branch with names that nothing outside of it has, and nodes that pass its results on to `outputs`."""
    body = onnx.GraphProto()
    body.CopyFrom(branch)
    made = [name for node in body.node for name in node.output if name]
    own = {name: free_name(name, taken) for name in (*made, *(tensor.name for tensor in body.initializer))}
    _rename(body, own)
    for tensor in body.initializer:
        tensor.name = own[tensor.name]
    for result, name in zip(body.output, outputs, strict=True):
        source = own.get(result.name, result.name)
        body.node.append(onnx.helper.make_node(PASS_ON, [source], [name], free_name(f"{name}_taken", taken)))
    return body


def _rename(graph: onnx.GraphProto, names: Mapping[str, str]) -> None:
    """Give tensors in the nodes of a graph and of its subgraphs other names; names in ONNX hide no outer ones."""
    for node in graph.node:
        node.input[:] = [names.get(name, name) for name in node.input]
        node.output[:] = [names.get(name, name) for name in node.output]
        for attribute in node.attribute:
            for inner in (*attribute.graphs, *([attribute.g] if attribute.HasField("g") else [])):
                _rename(inner, names)
                for result in inner.output:  # a result of a subgraph may be a tensor from outside of it
                    result.name = names.get(result.name, result.name)


def _lifted(tensor: onnx.TensorProto, weights: dict[str, Array]) -> onnx.TensorProto:
    """An initializer of a branch as one of the model, its content among the `weights` if it is large."""
    is_plain = tensor.data_type in (onnx.TensorProto.FLOAT, onnx.TensorProto.FLOAT16, onnx.TensorProto.DOUBLE)
    if is_plain and len(tensor.raw_data) >= LIFT_BYTES:
        weights[tensor.name] = numpy_helper.to_array(tensor)
        tensor.ClearField("raw_data")
        mark_external(tensor, PLACEHOLDER)
    return tensor


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
