"""BIASES for layers that have none: a bias makes up for the mean of what a layer lost."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import onnx

from paoding_onnx.layerwise.layers import layers_of, unit_axis
from paoding_onnx.model.graph import Graph
from paoding_onnx.model.load import Model
from paoding_onnx.model.naming import ADDED_BIAS, free_name
from paoding_onnx.model.node_index import makers
from paoding_onnx.model.nodes import Array
from paoding_onnx.surgery.cut import add_constants


@dataclass(frozen=True, slots=True)
class OpenBias:
    """Input number `operand` of the node that makes `output`, left open by the file, and a bias of `zeros` for it."""

    output: str
    operand: int
    name: str
    zeros: Array


def open_biases(graph: Graph, taken: set[str]) -> Iterator[OpenBias]:
    """Where layers could have a bias and nothing that shifts their units follows either, in running order.

    The names of the biases are none of those `taken`, and are from now on.
    """
    for layer in layers_of(graph):
        node, contracts = layer.bound.node, layer.bound.rule.contracts
        operand = contracts.bias if contracts is not None and contracts.beta else None
        axis = unit_axis(layer.bound, layer.of)
        if layer.offset is not None or operand is None or axis is None or node.operand(operand) is not None:
            continue
        dtype = graph.tensors[layer.weight].dtype
        if dtype is not None:
            yield OpenBias(
                node.first_output.name,
                operand,
                free_name(f"{layer.weight}{ADDED_BIAS}", taken),
                np.zeros(node.output_shape()[axis], dtype),
            )


def with_biases(model: Model, biases: Sequence[OpenBias]) -> Model:
    """`model` with these biases, all zero: it computes what it did."""
    proto = onnx.ModelProto()
    proto.CopyFrom(model.proto)
    places = makers(proto.graph.node)
    for bias in biases:
        inputs = proto.graph.node[places[bias.output]].input
        inputs.extend([""] * (bias.operand + 1 - len(inputs)))
        inputs[bias.operand] = bias.name
    add_constants(proto, {bias.name: bias.zeros for bias in biases})
    return Model(proto, model.weights, model.external)
