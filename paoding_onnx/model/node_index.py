"""THE INDEX of nodes in a file: by the tensors they make, as names of nodes may be missing or alike. Reads only."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import onnx

from paoding_onnx.model.graph import Graph
from paoding_onnx.model.nodes import Node, Part


def makers(nodes: Iterable[onnx.NodeProto]) -> dict[str, int]:
    """The place among `nodes` of the one that makes each tensor.

    >>> makers([onnx.helper.make_node("Split", ["x"], ["a", "", "b"]), onnx.helper.make_node("Relu", ["a"], ["y"])])
    {'a': 0, 'b': 0, 'y': 1}
    """
    return {name: place for place, node in enumerate(nodes) for name in node.output if name}


def makers_in(proto: onnx.ModelProto) -> dict[str, onnx.NodeProto]:
    """The node of a file that makes each tensor, those in bodies included; what a body is handed, its node hands it."""
    return dict(_made_in(proto.graph))


def nodes_behind(proto: onnx.ModelProto, nodes: Iterable[Node]) -> list[onnx.NodeProto]:
    """The file's node behind each of `nodes`, read from the model or from one with the same nodes."""
    index = makers_in(proto)
    return [index[node.first_output.name] for node in nodes]


def _made_in(graph: onnx.GraphProto) -> Iterator[tuple[str, onnx.NodeProto]]:
    for node in graph.node:
        for attribute in node.attribute:
            if attribute.HasField("g"):
                yield from ((info.name, node) for info in attribute.g.input)
                yield from _made_in(attribute.g)
        yield from ((name, node) for name in node.output if name)


def places_of(proto: onnx.ModelProto, nodes: Iterable[Node]) -> list[int]:
    """Where each of `nodes`, read from the model or from one with the same nodes, stands in its file."""
    index = makers(proto.graph.node)
    return [index[node.first_output.name] for node in nodes]


def proto_nodes(proto: onnx.ModelProto, graph: Graph) -> tuple[onnx.NodeProto | None, ...]:
    """The node of the main graph that runs for each node of the graph.

    `None` for those in a body: it runs where its node is left.
    """
    index = makers(proto.graph.node)
    made_at = ("" if node.within or node.part is Part.ENTRY else node.first_output.name for node in graph.nodes)
    return tuple(proto.graph.node[index[name]] if name else None for name in made_at)
