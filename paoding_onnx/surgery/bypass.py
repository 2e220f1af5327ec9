"""BYPASS: residual branches leave a model whole; what they were added to passes on as it is."""

from __future__ import annotations

from collections.abc import Sequence
from types import MappingProxyType

import onnx

from paoding_onnx.dependency.residuals import Residual
from paoding_onnx.model.graph import Graph
from paoding_onnx.model.load import Model
from paoding_onnx.model.node_index import nodes_behind
from paoding_onnx.model.stored import is_constant
from paoding_onnx.model.subgraphs import captures
from paoding_onnx.rules.forms import PASS_ON


def bypassed(model: Model, graph: Graph, residuals: Sequence[Residual]) -> Model:
    """`model`, of which `graph` was read, without these branches, and without constants that only they read."""
    proto = onnx.ModelProto()
    proto.CopyFrom(model.proto)
    behind = nodes_behind(proto, graph.nodes)
    gone = {graph.nodes[number].first_output.name for residual in residuals for number in residual.nodes}
    for residual in residuals:
        place = next(k for k, node in enumerate(graph.nodes) if node.first_output.name == residual.total)
        total = behind[place]
        passed = onnx.helper.make_node(PASS_ON, [residual.kept], list(total.output), total.name)
        total.CopyFrom(passed)
    _drop(proto.graph, gone)
    weights = {name: value for name, value in model.weights.items() if name in _stored(proto.graph)}
    return Model(proto, MappingProxyType(weights), model.external, model.files)


def _drop(graph: onnx.GraphProto, gone: set[str]) -> None:
    """Remove nodes by the first tensor that they make, with what was said of it, and constants that nothing reads."""
    before = _read(graph)
    for place in reversed(range(len(graph.node))):
        if not gone.isdisjoint(graph.node[place].output):
            del graph.node[place]
    left = {name for node in graph.node for name in node.output} | _stored(graph)
    unread = before - _read(graph)
    for place in reversed(range(len(graph.node))):
        if is_constant(graph.node[place]) and unread.issuperset(graph.node[place].output):
            del graph.node[place]
    for place in reversed(range(len(graph.initializer))):
        if graph.initializer[place].name in unread:
            del graph.initializer[place]
    for place in reversed(range(len(graph.value_info))):
        if graph.value_info[place].name not in left or graph.value_info[place].name in unread:
            del graph.value_info[place]


def _read(graph: onnx.GraphProto) -> set[str]:
    """Names that nodes read, or that leave the model."""
    read = {name for node in graph.node for name in (*node.input, *captures(node))}
    return read | {info.name for info in graph.output}


def _stored(graph: onnx.GraphProto) -> set[str]:
    return {tensor.name for tensor in graph.initializer}
