"""Floats become the nearest integers on the scale that the file has, and integers the floats that the file makes."""

from __future__ import annotations

import numpy as np
import pytest

from paoding_onnx.model.read import constants
from paoding_onnx.model.session import Session
from paoding_onnx.quantized.packed import packed_in
from paoding_onnx.shapes.observe import observe
from tests.models import model
from tests.quantized.nets import residual

TEXT = """g (float[N,4] x) => (float[N,3] y) <int8[4,3] q, float[3] s = {0.5, 0.25, 2.0}, int8[3] z = {1, 0, -3}> {
  w = DequantizeLinear <axis=1> (q, s, z) y = MatMul (x, w)
}"""


def test_integers_come_back_from_the_floats_that_the_file_makes_of_them():
    subject = model(TEXT)
    (packed,) = packed_in(observe(subject)).values()
    floats = Session(subject, watch=["w"]).run({"x": np.zeros((1, 4), np.float32)})["w"]
    whole = constants(subject)["q"]
    assert packed.integers == "q"
    assert packed.pack(floats).dtype == whole.dtype
    assert np.array_equal(packed.pack(floats), whole)


def test_what_is_beyond_the_range_is_cut_off():
    (packed,) = packed_in(observe(model(TEXT))).values()
    assert packed.pack(np.full((4, 3), 1e6)).tolist() == [[127] * 3] * 4
    assert packed.pack(np.full((4, 3), -1e6)).tolist() == [[-128] * 3] * 4


def test_fit_to_half_a_step_is_the_best_that_integers_can_do():
    (packed,) = packed_in(observe(model(TEXT))).values()
    wanted = np.random.default_rng(0).uniform(-20, 20, (4, 3))
    made = (packed.pack(wanted).astype(float) - packed.zero) * packed.scale
    assert np.all(np.abs(made - wanted) <= packed.scale / 2 + 1e-9)


@pytest.mark.parametrize("per_channel", [False, True])
def test_weights_and_biases_of_a_quantizer_are_found(per_channel, tmp_path):
    subject = residual(tmp_path, per_channel=per_channel)
    found = packed_in(observe(subject))
    stored = constants(subject)
    assert len([one for one in found.values() if stored[one.integers].ndim > 1]) == 4
    assert len([one for one in found.values() if stored[one.integers].dtype == np.int32]) == 3


def test_integers_that_two_nodes_read_or_that_are_computed_with_are_none(tmp_path):
    twice = """g (float[N,4] x) => (float[N,3] y) <int8[4,3] q, float s = {0.5}, float t = {0.25}> {
      w = DequantizeLinear (q, s) v = DequantizeLinear (q, t) u = Add (w, v) y = MatMul (x, u)
    }"""
    assert not packed_in(observe(model(twice)))
    weights = packed_in(observe(residual(tmp_path, kind="QOperator"))).values()
    assert all(one.integers != "a_quantized" for one in weights)
