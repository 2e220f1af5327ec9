"""Multiply-adds told by shapes alone, operator by operator: a second count beside that of the axis equations.

It must not read an equation: the two counts are there to find each other's faults.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

from paoding_onnx.model.nodes import Node

Shape = tuple[int, ...]
Shapes = Mapping[str, Shape]

_WINDOWS = {"Conv": 1, "FusedConv": 1, "ConvInteger": 1, "DeformConv": 1, "QLinearConv": 3}
"""Every number of the output sums over a kernel; which input holds the kernels."""
_MATRICES = (
    *("MatMul", "Gemm", "FusedGemm", "FusedMatMul", "TransposeMatMul", "QGemm", "QLinearMatMul", "MatMulInteger"),
    *("MatMulIntegerToFloat", "DynamicQuantizeMatMul", "MatMulBnb4", "MatMulNBits"),
)
"""Every number of the output sums over an axis of the first input."""
_RECURRENT = ("RNN", "GRU", "LSTM", "DynamicQuantizeLSTM")
_APART = ("MultiHeadAttention", "GroupQueryAttention", "Attention")
_PACKED = ("Attention", "QAttention")
_OWN = "com.microsoft"


def multiply_adds(node: Node, shapes: Shapes) -> int | None:
    """The number of multiply-adds of a node when tensors have these shapes; `None` if it cannot be told here."""
    left = [shapes.get(t.name, t.shape or ()) if t is not None else () for t in node.inputs]
    result = shapes.get(node.first_output.name, node.output_shape())
    count = _count_of(node)
    return None if count is None else count(node, left, result)


_Count = Callable[[Node, list[Shape], Shape], int | None]


def _count_of(node: Node) -> _Count | None:
    if node.operator in _WINDOWS:
        return _windows
    if node.operator in _MATRICES:
        return _matrices
    if node.operator in _RECURRENT:
        return _recurrent
    if node.operator in _PACKED and node.domain == _OWN:
        return _packed_attention
    if node.operator in _APART:
        return _attention
    return {"ConvTranspose": _spread, "Einsum": _letters, "MoE": _experts, "QMoE": _experts}.get(node.operator)


def _windows(node: Node, left: list[Shape], result: Shape) -> int:
    return math.prod(result) * math.prod(left[_WINDOWS[node.operator]][1:])


def _spread(node: Node, left: list[Shape], result: Shape) -> int:
    """ONNX ConvTranspose-22: every number of the input is spread by a kernel."""
    return math.prod(left[0]) * math.prod(left[1][1:])


def _matrices(node: Node, left: list[Shape], result: Shape) -> int:
    last = -1 if not node.integer("transA", 0) else 0 if node.integer("transBatchA", 0) else -2
    return math.prod(result) * left[0][last]


def _letters(node: Node, left: list[Shape], result: Shape) -> int | None:
    """ONNX Einsum-28: one multiplication for every combination of what its letters count."""
    words = node.text("equation", "").replace(" ", "").split("->")[0].split(",")
    if any(len(word) != len(shape) for word, shape in zip(words, left, strict=True)):
        return None
    sizes = {a: size for word, shape in zip(words, left, strict=True) for a, size in zip(word, shape, strict=True)}
    return math.prod(sizes.values())


def _recurrent(node: Node, left: list[Shape], result: Shape) -> int:
    """Every step of every sample meets all weights."""
    return math.prod(left[0][:2]) * (math.prod(left[1]) + math.prod(left[2]))


def _attention(node: Node, left: list[Shape], result: Shape) -> int | None:
    """Every query meets every key, and every weighted sum every value; `None` where they are packed."""
    return None if len(left[1]) < 3 else left[1][-2] * (math.prod(left[0]) + math.prod(result))


def _packed_attention(node: Node, left: list[Shape], result: Shape) -> int:
    """The projection of queries, keys and values, and what is done with them."""
    return math.prod(left[0][:2]) * math.prod(left[1]) + 2 * left[0][1] * math.prod(result)


def _experts(node: Node, left: list[Shape], result: Shape) -> int:
    """com.microsoft MoE, QMoE: each row meets the weights of so many experts, integers packed along the last axis."""
    width, step = left[0][-1], 2 if node.operator == "MoE" else 3
    first, second, third = (left[k] if k < len(left) else () for k in (2, 2 + step, 2 + 2 * step))
    hidden = second[2] if step == 2 else left[6][2] * node.integer("block_size", 0) if len(left[6]) > 2 else first[1]
    n_weights = first[1] * width + second[1] * hidden + (third[1] * width if third else 0)
    return math.prod(left[0][:-1]) * node.integer("k", 1) * n_weights
