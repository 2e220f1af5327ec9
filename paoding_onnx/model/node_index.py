"""THE INDEX of nodes in a file: by the tensors they make, as names of nodes may be missing or alike. Reads only."""

from __future__ import annotations

from collections.abc import Iterable

import onnx

from paoding_onnx.model.graph import Graph
from paoding_onnx.model.load import Model
from paoding_onnx.model.nodes import Node


def makers(nodes: Iterable[onnx.NodeProto]) -> dict[str, int]:
    """The place among `nodes` of the one that makes each tensor.

    >>> makers([onnx.helper.make_node("Split", ["x"], ["a", "", "b"]), onnx.helper.make_node("Relu", ["a"], ["y"])])
    {'a': 0, 'b': 0, 'y': 1}
    """
    return {name: place for place, node in enumerate(nodes) for name in node.output if name}


def places_of(proto: onnx.ModelProto, nodes: Iterable[Node]) -> list[int]:
    """Where each of `nodes`, read from the model or from one with the same nodes, stands in its file."""
    index = makers(proto.graph.node)
    return [index[node.first_output.name] for node in nodes]


def proto_nodes(model: Model, graph: Graph) -> tuple[onnx.NodeProto, ...]:
    """The file's node behind each node of the graph."""
    return tuple(model.proto.graph.node[place] for place in places_of(model.proto, graph.nodes))
