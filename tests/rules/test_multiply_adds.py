"""Multiply-adds by shapes alone are those of the equations, for every operator that contracts."""

from __future__ import annotations

import pytest

from paoding_onnx.dependency.cost import cost, nothing
from paoding_onnx.dependency.groups import trace
from paoding_onnx.rules.facts import DataDependentShape
from paoding_onnx.rules.multiply_adds import multiply_adds
from paoding_onnx.shapes.observe import observe
from tests.models import model
from tests.rules.contract import CONTRACT
from tests.rules.contract_others import OTHERS
from tests.rules.nodes import node


@pytest.mark.parametrize(
    ("line", "attributes", "expected"),
    [
        ("Conv 2x8x6x6 4x8x3x3 -> 2x4x4x4", {}, 2 * 4 * 16 * 8 * 9),
        ("Conv 2x8x6x6 8x1x3x3 -> 2x8x4x4", {"group": 8}, 2 * 8 * 16 * 9),
        ("ConvTranspose 2x8x4x4 8x6x2x2 -> 2x6x8x8", {}, 2 * 8 * 16 * 6 * 4),
        ("Gemm 8x3 8x5 -> 3x5", {"transA": 1}, 3 * 8 * 5),
        ("MatMul 2x3x8 8x5 -> 2x3x5", {}, 2 * 3 * 8 * 5),
        ("MatMul 8 8x5 -> 5", {}, 8 * 5),
        ("LSTM 7x2x6 1x32x6 1x32x8 -> 7x1x2x8", {}, 7 * 2 * 32 * (6 + 8)),
        ("Einsum 2x3x4 4x5 -> 2x3x5", {"equation": "abc,cd->abd"}, 2 * 3 * 4 * 5),
        ("com.microsoft.Attention 2x7x8 8x48 48 -> 2x7x16", {}, 2 * 7 * 8 * 48 + 2 * 2 * 7 * 7 * 16),
        ("com.microsoft.MultiHeadAttention 2x7x8 2x9x8 2x9x6 -> 2x7x6", {}, 2 * 7 * 9 * (8 + 6)),
        ("com.microsoft.MultiHeadAttention 2x7x4x3x2 _ _ -> 2x7x8", {}, None),
        ("Relu 2x3 -> 2x3", {}, None),
    ],
)
def test_count_by_shapes(line, attributes, expected):
    assert multiply_adds(node(line, **attributes), {}) == expected


def test_shapes_that_are_given_count():
    assert multiply_adds(node("MatMul 2x8 8x5 -> 2x5"), {"i0": (3, 8), "o0": (3, 5)}) == 3 * 8 * 5


def test_einsum_that_leaves_axes_unnamed_is_not_counted():
    assert multiply_adds(node("Einsum 2x3x4 4x5 -> 2x3x5", equation="...c,cd->...d"), {}) is None


@pytest.mark.parametrize("case", [*CONTRACT, *OTHERS], ids=lambda case: case.label)
def test_both_counts_agree_on_every_operator(case):
    found = trace(observe(model(case.text, opset=case.opset, ir=case.ir)))
    shapes = found.graph.sizes.shapes
    plain = [bound for bound in found.bound_nodes if not isinstance(bound.rule.shape, DataDependentShape)]
    counts = [(bound.node.times, multiply_adds(bound.node, shapes)) for bound in plain]
    assert all(number is not None for (_, number), bound in zip(counts, plain, strict=True) if bound.rule.contracts)
    assert sum(times * (number or 0) for times, number in counts) == cost(found, nothing(found)).macs
