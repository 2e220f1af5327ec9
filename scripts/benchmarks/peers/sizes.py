"""Sizes of ONNX files, counted alike for every tool. Imported by programs of several environments: needs onnx alone."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

from onnx import GraphProto, ModelProto, TensorProto

HALVINGS = 10
LARGEST = 0.98
NEAR = 0.03
"""How far, in share of the parameters, a result may be from what was asked for."""
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


def nearest(prune: Callable[[float], ModelProto], before: int, share: float) -> ModelProto:
    """What `prune` makes of the share of channels with which `share` of the `before` parameters go; found by halving.

    Raises:
        SystemExit: if the share is out of reach.
    """
    low, high, distance, best = 0.0, LARGEST, 1.0, ModelProto()
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        model = prune(middle)
        removed = 1 - float_elements(model) / before
        if abs(removed - share) < distance:
            distance, best = abs(removed - share), model
        low, high = (middle, high) if removed < share else (low, middle)
    if distance > NEAR:
        raise SystemExit(f"the nearest to {share:.0%} that can be had is {distance:.1%} away")
    return best
