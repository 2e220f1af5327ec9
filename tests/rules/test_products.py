"""Axes of products, as Gemm and numpy.matmul make them."""

from __future__ import annotations

import pytest

from paoding_onnx.rules.products import matrix_product, stacked_product
from tests.rules.nodes import node


def text(operand):
    return " ".join(map(str, operand))


@pytest.mark.parametrize(
    ("flags", "left", "right"), [((0, 0), "M K", "K N"), ((1, 0), "K M", "K N"), ((1, 1), "K M", "N K")]
)
def test_matrices_may_be_transposed(flags, left, right):
    product = matrix_product(node("Gemm 2x2 2x2 -> 2x2", transA=flags[0], transB=flags[1]))
    assert (text(product.left), text(product.right), text(product.result)) == (left, right, "M N")


@pytest.mark.parametrize(
    ("line", "left", "right", "result"),
    [
        ("MatMul 5x2x3 3x8 -> 5x2x8", "A0 M K", "K N", "A0 M N"),
        ("MatMul 1x2x3 5x3x8 -> 5x2x8", "1 M K", "A0 K N", "A0 M N"),
        ("MatMul 3 5x3x8 -> 5x8", "K", "A0 K N", "A0 N"),
        ("MatMul 3 3 -> ()", "K", "K", ""),
    ],
)
def test_leading_axes_broadcast_and_vectors_have_one_axis(line, left, right, result):
    product = stacked_product(node(line), 0, 1)
    assert (text(product.left), text(product.right), text(product.result)) == (left, right, result)


def test_every_factor_is_in_the_multiply_adds_once():
    assert stacked_product(node("MatMul 5x2x3 5x3x8 -> 5x2x8"), 0, 1).names == ("A0", "M", "K", "N")
