"""TWIN: a quantized model in floats, in which layers can be compared, fitted and taught as in any other.

Weights are the floats that their integers stand for. What rounds activations and makes floats of them again is left
out; where integers end at zero, so that negative numbers are cut off, that stays. So are outputs, in their place.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType

import numpy as np
import onnx

from paoding_onnx.model.graph import Graph
from paoding_onnx.model.load import Model
from paoding_onnx.model.naming import free_name, names_in
from paoding_onnx.model.node_index import makers
from paoding_onnx.model.nodes import Array, Node, Tensor
from paoding_onnx.model.subgraphs import captures
from paoding_onnx.quantized.dynamic import IntegerLayer, integer_layers
from paoding_onnx.quantized.packed import Packed, packed_in
from paoding_onnx.rules.binding import bind_node, bind_nodes
from paoding_onnx.rules.forms import CUT_OFF, PASS_ON, quantizes
from paoding_onnx.shapes.constant_folding import store_lifted, stored
from paoding_onnx.shapes.draft import rename


def twin(model: Model, graph: Graph) -> Model | None:
    """`model`, of which `graph` was observed, in floats; `None` if layers read no weights of integers.

    Raises:
        ModelError: if it does not run.
    """
    packed, layers = packed_in(graph), tuple(integer_layers(graph))
    if not layers and _weights(graph).isdisjoint(packed):
        return None
    direct = {layer.floats for layer in layers}
    floats, graph = stored(model, graph, tuple(name for name in packed if name not in direct))
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
    weights = dict(floats.weights)
    _compute_with_floats(proto, weights, layers, packed)
    _give_floats(proto.graph, graph)
    _drop_unread(proto.graph)
    stays = {tensor.name for tensor in proto.graph.initializer}
    weights = {name: value for name, value in weights.items() if name in stays}
    return replace(floats, proto=proto, weights=MappingProxyType(weights))


def _weights(graph: Graph) -> set[str]:
    """What layers read."""
    layers = (bound.node for bound in bind_nodes(graph) if bound.rule.contracts is not None)
    return {tensor.name for node in layers for tensor in node.inputs if tensor is not None}


def _compute_with_floats(
    proto: onnx.ModelProto, weights: dict[str, Array], layers: Sequence[IntegerLayer], packed: Mapping[str, Packed]
) -> None:
    """Let layers multiply floats; what would be the scale of integers is one."""
    places = makers(proto.graph.node)
    made = {layer.bound.node.first_output.name for layer in layers}
    for place in reversed(range(len(proto.graph.value_info))):
        if proto.graph.value_info[place].name in made:  # it says that they are integers
            del proto.graph.value_info[place]
    for layer in layers:
        node, value = proto.graph.node[places[layer.bound.node.first_output.name]], layer.weight.value
        attributes = list(node.attribute)
        node.CopyFrom(onnx.helper.make_node(layer.operator, [layer.source, layer.floats], list(node.output), node.name))
        node.attribute.extend(attributes)
        if value is not None:
            store_lifted(proto, weights, layer.floats, packed[layer.floats].floats(value))
    if layers:
        one = free_name("scale_of_floats", names_in(proto))
        store_lifted(proto, weights, one, np.ones((), np.float32))
        rename(proto.graph, {layer.scale: one for layer in layers}, made=False)


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
        quantized = bound.rule.integers.at(0)
        if source is None or integers is None or source.inputs[0] is None or quantized is None:
            continue
        if bound.rule.contracts is None:
            cuts_off = _ends_at_zero(integers, node.operand(quantized.zero_point))
            yield _Rounding(source.inputs[0].name, node.first_output.name, cuts_off)


def _ends_at_zero(integers: Tensor, zero: Tensor | None) -> bool:
    """Whether the smallest integer of a type is the one that stands for `zero`."""
    if integers.dtype is None or integers.dtype.kind not in "iu":
        return False
    value = 0 if zero is None or zero.value is None else int(zero.value.reshape(-1)[0])
    return value == int(np.iinfo(str(integers.dtype)).min)


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
    """Remove nodes of which nothing is read any more, then constants."""
    while True:
        read = {name for node in graph.node for name in (*node.input, *captures(node))}
        read |= {output.name for output in graph.output}
        dead = [node for node in graph.node if read.isdisjoint(node.output)]
        if not dead:
            break
        for node in dead:
            graph.node.remove(node)
    for tensor in [tensor for tensor in graph.initializer if tensor.name not in read]:
        graph.initializer.remove(tensor)
