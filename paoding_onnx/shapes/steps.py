"""Which nodes of a file compute a body again and again. Reads only."""

from __future__ import annotations

from collections.abc import Iterator

import onnx

from paoding_onnx.model.subgraphs import opset_of, schema_version
from paoding_onnx.rules.bodies import BODY, repeats


def body_of(node: onnx.NodeProto, model: onnx.ModelProto) -> onnx.GraphProto | None:
    """What a node computes at each step; `None` if it repeats nothing, or in a form that is not understood."""
    body = next((attribute.g for attribute in node.attribute if attribute.name == BODY), None)
    if body is None:
        return None
    domain = "" if node.domain == "ai.onnx" else node.domain
    opset = opset_of(model)
    return body if repeats(node.op_type, domain, schema_version(node.op_type, domain, opset)) else None


def handed_names(graph: onnx.GraphProto, model: onnx.ModelProto) -> Iterator[str]:
    """What the bodies in a graph are handed at each step, those in other bodies included."""
    for node in graph.node:
        body = body_of(node, model)
        if body is not None:
            yield from (info.name for info in body.input)
            yield from handed_names(body, model)
