"""Layers that compute with integers made of floats while a model runs, as dynamic quantization has them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from paoding_onnx.model.graph import Graph
from paoding_onnx.model.nodes import Node, Tensor
from paoding_onnx.rules.binding import BoundNode, bind_nodes
from paoding_onnx.rules.facts import Quantized
from paoding_onnx.rules.forms import SCALE_MADE, ZERO_MADE, on_floats, quantizes


@dataclass(frozen=True, slots=True)
class IntegerLayer:
    """A layer, `bound`, that multiplies integers made of tensor `source` with constant integers, its input `weight`.

    What it computes is times `scale`, a tensor, what it would be with the floats of `source`. `floats` is what its
    weights are called where they are floats, `operator` what computes with these.
    """

    bound: BoundNode
    source: str
    scale: str
    weight: Tensor
    of_weight: Quantized
    operator: str

    @property
    def floats(self) -> str:
        """What its weights are called where they are floats."""
        return f"{self.weight.name}_floats"


def integer_layers(graph: Graph) -> Iterator[IntegerLayer]:
    """All of a model, where nothing else reads the integers that are made for them."""
    makers = {
        node.first_output.name: node for node in graph.nodes if quantizes(node.operator) and len(node.outputs) > 1
    }
    found = [layer for bound in bind_nodes(graph) if (layer := _layer(graph, bound, makers)) is not None]
    readers = graph.readers
    for layer in found:
        made = makers[_name(layer.bound.node, 0)]
        known = {id(other.bound.node) for other in found if other.scale == layer.scale}
        reading = {id(graph.nodes[k]) for place in (0, ZERO_MADE) for k in readers[_made(made, place)]}
        if reading <= known and not any(t is not None and t.name in graph.outputs for t in made.outputs):
            yield layer


def _layer(graph: Graph, bound: BoundNode, makers: Mapping[str, Node]) -> IntegerLayer | None:
    node, first, second = bound.node, bound.rule.integers.at(0), bound.rule.integers.at(1)
    operator, made = on_floats(node.operator), makers.get(_name(node, 0))
    is_layer = bound.rule.contracts is not None and not node.within
    if first is None or second is None or operator is None or made is None or not is_layer:
        return None
    weight, zero = node.inputs[1], node.operand(second.zero_point)
    is_ours = _name(node, first.zero_point) == _made(made, ZERO_MADE) and made.inputs[0] is not None
    if weight is None or weight.dtype is None or not weight.is_constant or weight.dtype.kind not in "iu" or not is_ours:
        return None
    if len(graph.readers[weight.name]) != 1 or (zero is not None and not zero.is_constant):
        return None
    return IntegerLayer(bound, _name(made, 0), _made(made, SCALE_MADE), weight, second, operator)


def _name(node: Node, place: int) -> str:
    tensor = node.operand(place)
    return "" if tensor is None else tensor.name


def _made(node: Node, place: int) -> str:
    tensor = node.outputs[place]
    return "" if tensor is None else tensor.name
