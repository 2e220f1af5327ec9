"""What the file says of nodes with subgraphs, and of versions of operators. Reads only."""

from __future__ import annotations

from collections.abc import Iterator

import onnx


def captures(node: onnx.NodeProto) -> set[str]:
    """Names that the node's subgraphs read but do not make."""
    names: set[str] = set()
    for attribute in node.attribute:
        for graph in (*attribute.graphs, *([attribute.g] if attribute.HasField("g") else [])):
            made = {o for n in graph.node for o in n.output} | {t.name for t in graph.initializer}
            made |= {info.name for info in graph.input}
            read = {i for n in graph.node for i in (*n.input, *captures(n))} | {o.name for o in graph.output}
            names |= read - made - {""}
    return names


def has_subgraphs(graph: onnx.GraphProto) -> bool:
    """Whether a node of a graph has a subgraph."""
    return any(attribute.HasField("g") for node in graph.node for attribute in node.attribute)


def every_node(graph: onnx.GraphProto) -> Iterator[onnx.NodeProto]:
    """The nodes of a graph and of its subgraphs."""
    for node in graph.node:
        yield node
        for attribute in node.attribute:
            for inner in (*attribute.graphs, *([attribute.g] if attribute.HasField("g") else [])):
                yield from every_node(inner)


def opset_of(proto: onnx.ModelProto) -> int:
    """The version of ONNX's own operators that a model says it is written in; 0 if it says none."""
    return next((opset.version for opset in proto.opset_import if opset.domain in ("", "ai.onnx")), 0)


def schema_version(operator: str, domain: str, opset: int) -> int:
    """The version of the schema that an operator has at an opset (ONNX "since version"); 0 for none in ONNX itself.

    Operators of other domains are taken to be as new as the opset where no schema is known.

    >>> schema_version("Relu", "", 20)
    14
    """
    try:
        return int(onnx.defs.get_schema(operator, opset, domain).since_version)
    except onnx.defs.SchemaError:
        return opset if domain else 0
