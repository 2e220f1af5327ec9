"""Weights that are too small for normal numbers become zeros, where there are many of them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from paoding_onnx import Options, prune
from paoding_onnx.shapes.denormals import without_denormals
from tests.models import model
from tests.pruning import skip_latency

NET = """g (float[1,32] x) => (float[1,16] y) <float[32,64] a, float[64,16] b> {
  h = MatMul (x, a) r = Relu (h) y = MatMul (r, b)
}"""


def dead(n_units: int = 24):
    """A model whose first units were driven to nothing, but not to zero."""
    made = model(NET)
    weight = made.weights["a"].copy()
    weight[:, :n_units] = 1e-40
    return replace(made, weights={**made.weights, "a": weight})


def test_denormal_weights_become_zeros_and_others_stay():
    before = dead()
    after = without_denormals(before)
    assert not after.weights["a"][:, :24].any()
    np.testing.assert_array_equal(after.weights["a"][:, 24:], before.weights["a"][:, 24:])
    assert after.weights["b"] is before.weights["b"]
    assert before.weights["a"][0, 0] > 0


def test_model_without_many_of_them_is_left_as_it_is():
    plain = model(NET)
    few = plain.weights["a"].copy()
    few[0, 0] = 1e-40
    for subject in (plain, replace(plain, weights={**plain.weights, "a": few})):
        assert without_denormals(subject) is subject


def test_small_numbers_of_half_precision_are_in_use():
    made = model(NET.replace("float[", "float16["))
    tiny = np.full_like(made.weights["a"], 1e-6)
    subject = replace(made, weights={**made.weights, "a": tiny})
    assert without_denormals(subject) is subject


def test_units_that_were_driven_to_nothing_go_first_and_the_proof_says_so(monkeypatch):
    skip_latency(monkeypatch)
    result = prune(dead(), options=Options(target=24 / 64, by="units", method="magnitude", round_to=1))
    assert np.flatnonzero(result.plan.removed).tolist() == list(range(24))
    (said,) = [proof.detail for proof in result.proofs if proof.name == "simplified exactly"]
    assert "1 constant with denormal numbers" in said
