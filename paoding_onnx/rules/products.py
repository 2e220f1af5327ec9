"""Axes of operators that multiply two operands and add up, as Gemm and MatMul do."""

from __future__ import annotations

from dataclasses import dataclass

from paoding_onnx.model.nodes import Node
from paoding_onnx.rules.equation import Operand, axes, axis, names_of, right_aligned

_ROWS, _SHARED, _COLUMNS = axis("M"), axis("K"), axis("N")


@dataclass(frozen=True, slots=True)
class Product:
    """Axes of two operands and of their product, and the factors whose sizes make the number of multiply-adds."""

    left: Operand
    right: Operand
    result: Operand
    names: tuple[str, ...]


def matrix_product(node: Node) -> Product:
    """The product of two matrices, each of which the attributes `transA` and `transB` may transpose (ONNX Gemm-13)."""
    left = (_SHARED, _ROWS) if node.integer("transA", 0) else (_ROWS, _SHARED)
    right = (_COLUMNS, _SHARED) if node.integer("transB", 0) else (_SHARED, _COLUMNS)
    return Product(left, right, (_ROWS, _COLUMNS), ("M", "K", "N"))


def stacked_product(node: Node, first: int, second: int) -> Product:
    """The product of inputs `first` and `second` as numpy.matmul makes it (ONNX MatMul-13).

    Leading axes broadcast; a vector has no row or column axis.
    """
    a, b = node.shape(first), node.shape(second)
    rows, columns = (_ROWS,) * (len(a) > 1), (_COLUMNS,) * (len(b) > 1)
    leading = axes("A", len(node.output_shape()) - len(rows) - len(columns))
    left = (*right_aligned(leading, a[:-2]), *rows, _SHARED)
    right = (*right_aligned(leading, b[:-2]), _SHARED, *columns)
    product = names_of((*leading, *rows, _SHARED, *columns))
    return Product(left, right, (*leading, *rows, *columns), product)
