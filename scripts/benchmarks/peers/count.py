"""Parameters of an ONNX file, counted alike for every tool. Imported by programs of several environments: onnx only."""

from __future__ import annotations

import math
from collections.abc import Iterator

from onnx import GraphProto, ModelProto, TensorProto

_FLOATS = (TensorProto.FLOAT, TensorProto.FLOAT16, TensorProto.BFLOAT16, TensorProto.DOUBLE)


def float_elements(model: ModelProto) -> int:
    """Elements of all float initializers and float constants of the main graph, each tensor once."""
    return sum(math.prod(tensor.dims) for tensor in _tensors(model.graph) if tensor.data_type in _FLOATS)


def _tensors(graph: GraphProto) -> Iterator[TensorProto]:
    """Initializers, then the values of Constant nodes."""
    yield from graph.initializer
    for node in graph.node:
        if node.op_type == "Constant":
            yield from (attribute.t for attribute in node.attribute if attribute.name == "value")
