"""Integers as the numbers they stand for: what onnxruntime computes from them."""

from __future__ import annotations

import numpy as np
import pytest

from paoding_onnx.layerwise.dequantize import dequantized, zero_of
from paoding_onnx.model.nodes import Array
from paoding_onnx.model.session import Session
from paoding_onnx.rules.binding import TensorUse
from tests.models import model
from tests.pruning import traced_model

STORED = "g (float[2,8] x) => (float[2,5] y) <{weight}, {pair}, float[6,5] c> {{ {nodes} y = MatMul (p, c) }}"
"""A layer of 8 to 6 whose weights are integers, and a plain one behind it."""
WEIGHTS = "w = DequantizeLinear {axis} ({inputs}) p = MatMul (x, w)"
BY_AXIS = {
    "one scale": ("float s={0.02}, int8 z={3}", WEIGHTS.format(axis="", inputs="b, s, z")),
    "no zero point": ("float s={0.02}", WEIGHTS.format(axis="", inputs="b, s")),
    "a scale for each column": (
        "float[6] s, int8[6] z={1,-2,3,0,5,-6}",
        WEIGHTS.format(axis="<axis=1>", inputs="b, s, z"),
    ),
    "a scale for each row": (
        "float[8] s, int8[8] z={1,-2,3,0,5,-6,7,8}",
        WEIGHTS.format(axis="<axis=0>", inputs="b, s, z"),
    ),
}


def numbers(text: str, name: str = "b") -> Array:
    """What the constant `name` stands for."""
    found = traced_model(model(text))
    value = found.graph.tensors[name].value
    assert value is not None
    return dequantized(found, TensorUse(name), value)


@pytest.mark.parametrize("case", BY_AXIS)
def test_numbers_are_those_that_onnxruntime_computes(case):
    pair, nodes = BY_AXIS[case]
    text = STORED.format(weight="int8[8,6] b", pair=pair, nodes=nodes)
    computed = Session(model(text), watch=["w"]).run({"x": np.zeros((2, 8), np.float32)})["w"]
    np.testing.assert_allclose(numbers(text), computed, rtol=1e-6)


@pytest.mark.parametrize(("axis", "shape"), [(0, "2,6"), (1, "8,3")])
def test_scales_of_blocks_count_for_each_of_their_numbers(axis, shape):
    text = STORED.format(
        weight="int8[8,6] b",
        pair=f"float[{shape}] s, int8[{shape}] z",
        nodes=f"w = DequantizeLinear <axis={axis}, block_size={4 if axis == 0 else 2}> (b, s, z) p = MatMul (x, w)",
    )
    subject = model(text, opset=21, ir=10)
    found = traced_model(subject)
    own = dequantized(found, TensorUse("b"), found.graph.tensors["b"].value)
    computed = Session(subject, watch=["w"]).run({"x": np.zeros((2, 8), np.float32)})["w"]
    np.testing.assert_allclose(own, computed, rtol=1e-6)


@pytest.mark.parametrize("case", BY_AXIS)
def test_zero_stands_for_nothing(case):
    pair, nodes = BY_AXIS[case]
    found = traced_model(model(STORED.format(weight="int8[8,6] b", pair=pair, nodes=nodes)))
    whole = np.broadcast_to(zero_of(found, TensorUse("b"), found.graph.tensors["b"].value), (8, 6))
    assert whole.dtype == np.int8
    assert not dequantized(found, TensorUse("b"), whole).any()


def test_packed_integers_have_no_zero():
    text = """<ir_version: 8, opset_import: ["" : 17, "com.microsoft" : 1]>
    g (float[2,8] x) => (float[2,5] y) <float[8,32] a, uint8[6,2,8] b, float[12] s, float[6,5] c> {
      p = MatMul (x, a) q = com.microsoft.MatMulNBits <K=32, N=6, bits=4, block_size=16> (p, b, s) y = MatMul (q, c)
    }"""
    found = traced_model(model(text))
    assert zero_of(found, TensorUse("b"), found.graph.tensors["b"].value) is None


def test_scale_that_is_applied_elsewhere_is_left_out():
    text = """g (float[2,3] x) => (float[2,5] y) <float[3,8] a, int8[8,6] b, uint8 zero, int8 z={7}, float[6,5] c> {
      p = MatMul (x, a) q, s, k = DynamicQuantizeLinear (p) r = MatMulInteger (q, b, k, z) t = Cast <to=1> (r)
      u = Mul (t, s) y = MatMul (u, c)
    }"""
    stored = traced_model(model(text)).graph.tensors["b"].value
    assert np.array_equal(numbers(text), stored.astype(np.float32) - 7)


def test_zero_point_that_is_computed_while_running_is_left_out():
    text = """g (float[2,3] x, int8 k) => (float[2,5] y) <float[3,8] a, uint8 z, int8[8,6] b, float[6,5] c> {
      p = MatMul (x, a) q, s, u = DynamicQuantizeLinear (p) r = MatMulInteger (q, b, z, k) t = Cast <to=1> (r)
      y = MatMul (t, c)
    }"""
    stored = traced_model(model(text)).graph.tensors["b"].value
    assert np.array_equal(numbers(text), stored)


def test_constant_that_no_node_reads_as_quantized_is_what_it_is():
    text = STORED.format(weight="float[8,6] b", pair="float s", nodes="p = MatMul (x, b)")
    assert np.array_equal(numbers(text), traced_model(model(text)).graph.tensors["b"].value)
