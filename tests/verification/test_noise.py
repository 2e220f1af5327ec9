"""Noise is as small as rounding, in all weights, and also in those that a model makes out of others."""

from __future__ import annotations

import numpy as np
import pytest

from paoding_onnx.dependency.groups import trace
from paoding_onnx.model.read import constants
from paoding_onnx.shapes.study import study
from paoding_onnx.verification.noise import NUDGES, less_noisy, nudged
from tests.models import model
from tests.pruning import traced_model

PLAIN = """g (float[N,8] x) => (float[N,4] y) <float[8,6] a, float[6,4] b, float[6] c> {
  h = MatMul (x, a) k = Add (h, c) y = MatMul (k, b)
}"""
STANDARDISED = """g (float[N,8] x) => (float[N,4] y) <float[8,6] a, float[6,4] b> {
  m = ReduceMean <axes=[0], keepdims=1> (a) w = Sub (a, m) h = MatMul (x, w) y = MatMul (h, b)
}"""


def changes(subject, found):
    """By how much each constant differs, as a share of itself."""
    before, after = constants(subject), constants(found)
    return {name: float(np.abs(after[name] / before[name] - 1).max()) for name in before}


@pytest.mark.parametrize("dtype", ["float", "float16"])
def test_weights_differ_by_the_spacing_of_their_type(dtype):
    subject = model(PLAIN.replace("float[", f"{dtype}["))
    eps = float(np.finfo(np.float16 if dtype == "float16" else np.float32).eps)
    for number, times in enumerate(NUDGES):
        found = changes(subject, nudged(subject, traced_model(subject), number))
        assert found["c"] == 0
        assert 0 < found["a"] <= 2 * times * eps
        assert 0 < found["b"] <= 2 * times * eps


def test_weights_that_are_made_of_others_differ_as_these_do():
    subject = model(STANDARDISED)
    found = changes(subject, nudged(subject, trace(study(subject).graph), 0))
    assert found["a"] > 0
    assert found["b"] > 0


def test_less_noise_is_a_share_of_it():
    wanted = np.array([1.0, 2.0], np.float32)
    np.testing.assert_allclose(less_noisy(wanted, wanted + 16, 16), wanted + 1)
    assert less_noisy(wanted, wanted[:1], 16).shape == (1,)


def test_what_is_no_number_in_one_of_both_is_as_noisy_as_it_was():
    wanted, noisy = np.array([np.inf, 1.0, np.nan]), np.array([2.0, np.inf, np.nan])
    np.testing.assert_array_equal(less_noisy(wanted, noisy, 16), noisy)
