"""TWIN: a quantized model in floats, in which layers can be compared, fitted and taught as in any other.

Weights are the floats that their integers stand for. What rounds activations and makes floats of them again is left
out; where integers end at zero, so that negative numbers are cut off, that stays. So are outputs, in their place.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import onnx

from paoding_onnx.model.graph import Graph
from paoding_onnx.model.load import Model
from paoding_onnx.model.node_index import makers
from paoding_onnx.model.nodes import Node
from paoding_onnx.model.subgraphs import captures
from paoding_onnx.quantized.packed import packed_in
from paoding_onnx.rules.binding import bind_node, is_layer
from paoding_onnx.rules.forms import CUT_OFF, PASS_ON, quantizes
from paoding_onnx.shapes.constant_folding import stored
from paoding_onnx.shapes.draft import rename


def twin(model: Model, graph: Graph) -> Model | None:
    """`model`, of which `graph` was observed, in floats; `None` if layers read no weights of integers."""
    packed = packed_in(graph)
    weights = {
        t.name for index, node in enumerate(graph.nodes) if is_layer(bind_node(node, index)) for t in node.inputs if t
    }
    if weights.isdisjoint(packed):
        return None
    floats, graph = stored(model, graph, tuple(packed))
    proto = onnx.ModelProto()
    proto.CopyFrom(floats.proto)
    places = makers(proto.graph.node)
    passed: dict[str, str] = {}
    for one in _roundings(graph):
        if not one.cuts_off and one.made not in graph.outputs:
            passed[one.made] = passed.get(one.source, one.source)
            continue
        node = proto.graph.node[places[one.made]]
        operator = CUT_OFF if one.cuts_off else PASS_ON
        node.CopyFrom(onnx.helper.make_node(operator, [one.source], [one.made], node.name))
    rename(proto.graph, passed, made=False)
    _give_floats(proto.graph, graph)
    _drop_unread(proto.graph)
    return replace(floats, proto=proto)


@dataclass(frozen=True, slots=True)
class _Rounding:
    """Tensor `made`, which is `source` but for rounding and, where it `cuts_off`, for what is below zero."""

    source: str
    made: str
    cuts_off: bool


def _roundings(graph: Graph) -> Iterator[_Rounding]:
    """Where a node makes integers of floats, and another one floats of these."""
    rounded = _rounding_nodes(graph)
    for index, node in enumerate(graph.nodes):
        integers = node.inputs[0] if node.inputs else None
        source = rounded.get(integers.name) if integers is not None else None
        bound = bind_node(node, index)
        if source is None or source.inputs[0] is None or bound.rule.integers.at(0) is None or is_layer(bound):
            continue
        yield _Rounding(source.inputs[0].name, node.first_output.name, _ends_at_zero(source))


def _ends_at_zero(node: Node) -> bool:
    """Whether the smallest integer that a node makes stands for zero."""
    made, zero = node.first_output, node.operand(2)
    if made.dtype is None or made.dtype.kind not in "iu":
        return False
    value = 0 if zero is None or zero.value is None else int(zero.value.reshape(-1)[0])
    return value == (0 if made.dtype.kind == "u" else -(1 << (8 * made.dtype.itemsize - 1)))


def _give_floats(proto: onnx.GraphProto, graph: Graph) -> None:
    """Let outputs that are rounded be the floats before that."""
    rounded = _rounding_nodes(graph)
    places = makers(proto.node)
    for output in proto.output:
        source = rounded[output.name].inputs[0] if output.name in rounded else None
        if source is None or source.dtype is None:
            continue
        node = proto.node[places[output.name]]
        node.CopyFrom(onnx.helper.make_node(PASS_ON, [node.input[0]], [output.name], node.name))
        output.type.tensor_type.elem_type = onnx.helper.np_dtype_to_tensor_dtype(source.dtype)


def _rounding_nodes(graph: Graph) -> Mapping[str, Node]:
    """The nodes that make integers of floats, by what they make."""
    return {node.first_output.name: node for node in graph.nodes if quantizes(node.operator) and len(node.outputs) == 1}


def _drop_unread(graph: onnx.GraphProto) -> None:
    """Remove nodes of which nothing is read any more."""
    while True:
        read = {name for node in graph.node for name in (*node.input, *captures(node))}
        read |= {output.name for output in graph.output}
        dead = [node for node in graph.node if read.isdisjoint(node.output)]
        if not dead:
            return
        for node in dead:
            graph.node.remove(node)
