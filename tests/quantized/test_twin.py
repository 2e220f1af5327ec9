"""The twin of a quantized model computes what it does but for rounding, with floats that can be fitted."""

from __future__ import annotations

import numpy as np
import pytest

from paoding_onnx.layerwise.layers import layers_of
from paoding_onnx.model.read import constants
from paoding_onnx.model.session import Session
from paoding_onnx.quantized.twin import twin
from paoding_onnx.shapes.observe import observe
from tests.models import model
from tests.pruning import CNN
from tests.quantized.nets import images, residual


@pytest.mark.parametrize("per_channel", [False, True])
def test_twin_computes_the_same_but_for_rounding(per_channel, tmp_path):
    subject = residual(tmp_path, per_channel=per_channel)
    found = twin(subject, observe(subject))
    feeds = {"x": images()}
    wanted, got = (Session(one).run(feeds)["y"] for one in (subject, found))
    assert 0 < np.abs(wanted - got).max() < 0.1 * np.abs(wanted).max()


def test_layers_of_the_twin_have_floats_and_are_compared_where_branches_are_summed_up(tmp_path):
    subject = residual(tmp_path)
    assert not list(layers_of(observe(subject)))
    layers = {layer.bound.node.name: layer for layer in layers_of(observe(twin(subject, observe(subject))))}
    assert {"stem", "inner", "outer"} <= layers.keys()
    assert layers["outer"].comparison_point in ("u", "v")  # the quantizer may have merged the activation


def test_numbers_that_integers_cut_off_at_zero_are_cut_off_in_the_twin():
    text = """g (float[N,4] x) => (float[N,3] y)
        <int8[4,5] a, int8[5,3] b, float s = {0.02}, uint8 low = {0}, uint8 mid = {100}> {
      aw = DequantizeLinear (a, s) bw = DequantizeLinear (b, s)
      p = MatMul (x, aw) q = QuantizeLinear (p, s, low) r = DequantizeLinear (q, s, low)
      t = MatMul (r, bw) u = QuantizeLinear (t, s, mid) y = DequantizeLinear (u, s, mid)
    }"""
    subject = model(text)
    found = Session(twin(subject, observe(subject)), watch=["r"])
    x = np.random.default_rng(0).standard_normal((8, 4)).astype(np.float32)
    weights = np.asarray(constants(subject)["a"], np.float32) * np.float32(0.02)
    np.testing.assert_allclose(found.run({"x": x})["r"], np.maximum(x @ weights, 0), atol=1e-5)


def test_outputs_of_integers_become_floats():
    text = """g (float[N,4] x) => (uint8[N,3] y) <int8[4,3] a, float s = {0.02}, uint8 z = {100}> {
      w = DequantizeLinear (a, s) p = MatMul (x, w) y = QuantizeLinear (p, s, z)
    }"""
    subject = model(text)
    found = Session(twin(subject, observe(subject))).run({"x": np.ones((2, 4), np.float32)})["y"]
    assert found.dtype == np.float32
    np.testing.assert_allclose(found[0], constants(subject)["a"].sum(0) * np.float32(0.02), atol=1e-4)


def test_models_of_floats_and_of_integer_operators_have_none(tmp_path):
    assert twin(model(CNN), observe(model(CNN))) is None
    subject = residual(tmp_path, kind="QOperator")
    assert twin(subject, observe(subject)) is None


def test_model_is_not_changed(tmp_path):
    subject = residual(tmp_path)
    before = subject.proto.SerializeToString(deterministic=True)
    twin(subject, observe(subject))
    assert subject.proto.SerializeToString(deterministic=True) == before
