"""LIFTING: bodies of Loop and Scan made easy to look into, without any change of what the model computes.

Their constants become those of the model, under names that no other body uses. A state that no step changes, as
exporters of while loops hand on weights, becomes a tensor that the body reads from outside.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from types import MappingProxyType

import onnx
from onnx import numpy_helper

from paoding_onnx.model.load import Model
from paoding_onnx.model.naming import free_name, names_in
from paoding_onnx.model.read import bare_node
from paoding_onnx.model.stored import is_constant
from paoding_onnx.model.subgraphs import captures
from paoding_onnx.model.tensors import STORED_APART
from paoding_onnx.rules.bodies import State, wiring
from paoding_onnx.rules.forms import PASS_ON
from paoding_onnx.shapes.draft import rename
from paoding_onnx.shapes.steps import body_of


def lifted(model: Model) -> Model:
    """The model with its bodies made easy to look into; `model` itself if nothing has to change."""
    if model.proto.ir_version < STORED_APART or not any(body_of(node, model.proto) for node in model.proto.graph.node):
        return model
    proto = onnx.ModelProto()
    proto.CopyFrom(model.proto)
    _Lift(replace(model, proto=proto)).work()
    weights = dict(model.weights)
    read = {name for node in proto.graph.node for name in node.input}
    for tensor in proto.graph.initializer:
        if tensor.name in weights and tensor.name not in read:  # onnxruntime drops what only subgraphs read
            tensor.CopyFrom(numpy_helper.from_array(weights.pop(tensor.name), tensor.name))
    is_same = proto.SerializeToString(deterministic=True) == model.proto.SerializeToString(deterministic=True)
    return model if is_same else replace(model, proto=proto, weights=MappingProxyType(weights))


class _Lift:
    """A model whose bodies are made easy to look into, in place."""

    def __init__(self, model: Model) -> None:
        self._model = model
        self._main = model.proto.graph
        self._taken = names_in(model.proto)
        self._met = {name for name in _own_names(self._main) if name}
        self._constants: list[onnx.NodeProto] = []

    def work(self) -> None:
        """Do so with all bodies."""
        self._lift_constants_in(self._main)
        if self._constants:
            nodes = [onnx.NodeProto.FromString(n.SerializeToString()) for n in (*self._constants, *self._main.node)]
            del self._main.node[:]
            self._main.node.extend(nodes)
        self._free_states_in(self._main)
        self._start_apart()

    def _lift_constants_in(self, graph: onnx.GraphProto) -> None:
        for node in graph.node:
            body = body_of(node, self._model.proto)
            if body is not None:
                self._name_apart(body)
                self._lift_constants(body)
                self._lift_constants_in(body)

    def _name_apart(self, body: onnx.GraphProto) -> None:
        """Give what a body holds names that no graph before it uses."""
        names = [name for name in dict.fromkeys(_own_names(body)) if name]
        other = {name: free_name(name, self._taken) for name in names if name in self._met}
        if other:
            rename(body, other)
            for item in (*body.input, *body.output, *body.initializer, *body.value_info):
                item.name = other.get(item.name, item.name)
        self._met |= {other.get(name, name) for name in names}

    def _lift_constants(self, body: onnx.GraphProto) -> None:
        """Move the constants of a body to the main graph; one that it returns is passed on."""
        constants = [node for node in body.node if is_constant(node)]
        names = {tensor.name for tensor in body.initializer} | {node.output[0] for node in constants}
        self._main.initializer.extend(body.initializer)
        del body.initializer[:]
        for node in constants:
            self._constants.append(onnx.NodeProto.FromString(node.SerializeToString()))
            body.node.remove(node)
        for place in reversed([k for k, info in enumerate(body.value_info) if info.name in names]):
            del body.value_info[place]
        for result in (result for result in body.output if result.name in names):
            self._pass_on(body, result.name, free_name(f"{result.name}_passed", self._taken))
            result.name = body.node[-1].output[0]

    def _free_states_in(self, graph: onnx.GraphProto) -> None:
        """Turn states that no step changes into tensors that bodies read, those of inner bodies first."""
        for node in list(graph.node):
            body = body_of(node, self._model.proto)
            if body is None:
                continue
            self._free_states_in(body)
            for state in reversed(_states(node)):
                if len(node.output) > 1 and _is_unchanged(body, state):
                    self._free(graph, node, body, state)

    def _free(self, graph: onnx.GraphProto, node: onnx.NodeProto, body: onnx.GraphProto, state: State) -> None:
        start, handed, end = node.input[state.start], body.input[state.handed].name, node.output[state.end]
        del node.input[state.start], body.input[state.handed], body.output[state.made], node.output[state.end]
        for place in reversed([k for k, info in enumerate(body.value_info) if info.name == handed]):
            del body.value_info[place]
        rename(body, {handed: start})
        _drop_unread(body)
        rename(graph, {end: start})
        own = set(_own_names(graph))
        for result in (result for result in graph.output if result.name == end):
            if graph is self._main or start not in own:
                self._pass_on(graph, start, end)
            else:
                result.name = start

    def _pass_on(self, graph: onnx.GraphProto, source: str, name: str) -> None:
        graph.node.append(onnx.helper.make_node(PASS_ON, [source], [name]))

    def _start_apart(self) -> None:
        """Give each state that starts from a constant which something else reads too a copy of it."""
        reads = Counter(name for node in self._main.node for name in (*node.input, *captures(node)))
        stored = {tensor.name: tensor for tensor in self._main.initializer if tensor.name not in self._model.weights}
        stored |= {node.output[0]: node.attribute[0].t for node in self._main.node if _holds_tensor(node)}
        for node in (node for node in self._main.node if body_of(node, self._model.proto) is not None):
            for state in _states(node):
                name = node.input[state.start]
                if name in stored and reads[name] > 1:
                    copy = onnx.TensorProto.FromString(stored[name].SerializeToString())
                    copy.name = free_name(f"{name}_{state.end}", self._taken)
                    node.input[state.start] = copy.name
                    self._main.initializer.append(copy)


def _holds_tensor(node: onnx.NodeProto) -> bool:
    return is_constant(node) and node.attribute[0].HasField("t")


def _states(node: onnx.NodeProto) -> tuple[State, ...]:
    return wiring(bare_node(node)).states


def _is_unchanged(body: onnx.GraphProto, state: State) -> bool:
    """Whether a state is handed on as it came, and nothing else returns it."""
    passed = {node.output[0]: node.input[0] for node in body.node if node.op_type == PASS_ON}
    name = body.output[state.made].name
    while name in passed:
        name = passed[name]
    others = [info.name for k, info in enumerate(body.output) if k != state.made]
    return name == body.input[state.handed].name and name not in others


def _drop_unread(body: onnx.GraphProto) -> None:
    """Remove what only passed a state on."""
    while True:
        read = {name for node in body.node for name in (*node.input, *captures(node))}
        read |= {result.name for result in body.output}
        dead = [node for node in body.node if node.op_type == PASS_ON and read.isdisjoint(node.output)]
        if not dead:
            return
        for node in dead:
            body.node.remove(node)


def _own_names(graph: onnx.GraphProto) -> Iterator[str]:
    """Names of the tensors that a graph is handed, holds or makes, those in its bodies left out."""
    yield from (info.name for info in graph.input)
    yield from (tensor.name for tensor in graph.initializer)
    yield from (name for node in graph.node for name in node.output if name)
