"""DRAFTS: files under way, into which what subgraphs compute is put among other nodes, under names that are free."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from types import MappingProxyType

import onnx
from onnx import numpy_helper

from paoding_onnx.model.external import mark_external
from paoding_onnx.model.load import LIFT_BYTES, PLACEHOLDER, Model
from paoding_onnx.model.naming import free_name, names_in
from paoding_onnx.model.nodes import Array
from paoding_onnx.model.tensors import store
from paoding_onnx.rules.forms import PASS_ON
from paoding_onnx.shapes.chance import draw
from paoding_onnx.shapes.steps import body_of

_LIFTED = (onnx.TensorProto.FLOAT, onnx.TensorProto.FLOAT16, onnx.TensorProto.DOUBLE)


class Draft:
    """A copy of a model in which one node after the other gives way to what is added."""

    def __init__(self, model: Model) -> None:
        self.proto, self.weights = onnx.ModelProto(), dict(model.weights)
        self.proto.CopyFrom(model.proto)
        self._source = model
        self._graph, self._place = self.proto.graph, 0
        self._taken, self._nodes_taken = set[str](), set[str]()

    def take_out(self, output: str) -> onnx.NodeProto:
        """Remove the node that makes a tensor, in the main graph or in a body; what is added takes its place."""
        graphs = [graph for graph in levels(self.proto) if any(output in node.output for node in graph.node)]
        self._graph = graphs[0]
        self._place = next(place for place, node in enumerate(self._graph.node) if output in node.output)
        node = onnx.NodeProto()
        node.CopyFrom(self._graph.node[self._place])
        del self._graph.node[self._place]
        self._taken = names_in(self.proto) | set(node.output)
        self._nodes_taken = {other.name for graph in levels(self.proto) for other in graph.node}
        return node

    def add(self, node: onnx.NodeProto) -> None:
        """Add a node, under a free name if it has one: onnxruntime takes no two of one name."""
        node.name = node.name and free_name(node.name, self._nodes_taken)
        self._graph.node.insert(self._place, node)
        self._place += 1

    def inline(self, branch: onnx.GraphProto) -> list[tuple[str, onnx.ValueInfoProto | None]]:
        """Add what a branch computes; the names of its results, described where they are made in it."""
        body = onnx.GraphProto()
        body.CopyFrom(branch)
        made = [name for node in body.node for name in node.output if name]
        own = {name: free_name(name, self._taken) for name in (*made, *(tensor.name for tensor in body.initializer))}
        rename(body, own)
        for tensor in body.initializer:
            tensor.name = own[tensor.name]
            store(self.proto, _lifted(tensor, self.weights))
        for node in body.node:
            self.add(node)
        computed = {own[name] for name in made}
        names = [own.get(result.name, result.name) for result in branch.output]
        types = [result.type.tensor_type.elem_type for result in branch.output]
        return [
            (name, onnx.helper.make_tensor_value_info(name, code, None) if name in computed else None)
            for name, code in zip(names, types, strict=True)
        ]

    def pass_on(self, source: str, made: str) -> None:
        """Add a node that gives a tensor another name."""
        self.add(onnx.helper.make_node(PASS_ON, [source], [made], f"{made}_taken"))

    def draw(self, number: int) -> tuple[str, ...]:
        """Put what says yes or no by chance before all nodes; the names of what it makes, the answer last.

        So no part of a network that a choice is in stands alone without the answer: samples that are put together in
        other batches later, as where the original teaches, would lead to another one.
        """
        nodes = draw(self._source.inputs, number, self._taken)
        for place, node in enumerate(nodes):
            self.proto.graph.node.insert(place, node)
        self._place += len(nodes) if self._graph is self.proto.graph else 0
        return tuple(node.output[0] for node in nodes)

    def model(self) -> Model:
        """The model that it has become."""
        return replace(self._source, proto=self.proto, weights=MappingProxyType(self.weights))


def levels(proto: onnx.ModelProto) -> list[onnx.GraphProto]:
    """The main graph of a model, and the bodies that nodes in it, and in these, compute again and again."""
    return list(_with_bodies(proto.graph, proto))


def _with_bodies(graph: onnx.GraphProto, proto: onnx.ModelProto) -> Iterator[onnx.GraphProto]:
    yield graph
    for node in graph.node:
        body = body_of(node, proto)
        if body is not None:
            yield from _with_bodies(body, proto)


def rename(graph: onnx.GraphProto, names: Mapping[str, str], *, made: bool = True) -> None:
    """Give tensors in the nodes of a graph and of its subgraphs other names; names in ONNX hide no outer ones.

    With `made` also where they are made, else only where they are read.
    """
    for node in graph.node:
        node.input[:] = [names.get(name, name) for name in node.input]
        if made:
            node.output[:] = [names.get(name, name) for name in node.output]
        for attribute in node.attribute:
            for inner in (*attribute.graphs, *([attribute.g] if attribute.HasField("g") else [])):
                rename(inner, names, made=made)
                for result in inner.output:  # a result of a subgraph may be a tensor from outside of it
                    result.name = names.get(result.name, result.name)


def _lifted(tensor: onnx.TensorProto, weights: dict[str, Array]) -> onnx.TensorProto:
    """An initializer of a branch as one of the model, its content among the `weights` if it is large."""
    if tensor.data_type in _LIFTED and len(tensor.raw_data) >= LIFT_BYTES:
        weights[tensor.name] = numpy_helper.to_array(tensor)
        tensor.ClearField("raw_data")
        mark_external(tensor, PLACEHOLDER)
    return tensor
