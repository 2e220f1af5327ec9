"""DRAWS: a model that costs little is compared on many inputs, a larger one on two if it branches, else on one."""

from __future__ import annotations

import numpy as np
import pytest

from paoding_onnx.shapes.observe import sizes_of
from paoding_onnx.verification.draws import BOTH_SIDES, MANY, PLAIN, drawn, draws_of
from tests.models import model
from tests.pruning import traced_model

LARGE = "g (float[2000,100] x) => (float[2000,100] y) <float[100,100] a, float[100,100] b, float zero={0}>"


def large(body):
    """The draws for a model of 40 million multiply-adds that makes y from p of 100 units."""
    return draws_of(traced_model(model(f"{LARGE} {{ p = MatMul (x, a) {body} }}")))


def test_small_model_is_compared_on_many_inputs():
    small = model(
        "g (float[2,6] x) => (float[2,5] y) <float[6,8] a, float[8,5] b> { p = MatMul (x, a) y = MatMul (p, b) }"
    )
    assert draws_of(traced_model(small)) == MANY


def test_large_model_that_only_computes_is_compared_on_one():
    assert large("q = Relu (p) y = MatMul (q, b)") == PLAIN


@pytest.mark.parametrize(
    "body",
    [
        "m = Greater (p, zero) q = Neg (p) r = Where (m, p, q) y = MatMul (r, b)",
        "q = Hardmax <axis=0> (p) y = MatMul (q, b)",
        "q = Floor (p) y = MatMul (q, b)",
        "q, i = TopK <axis=0> (p, count) y = MatMul (q, b)",
    ],
    ids=["compares", "picks", "rounds", "sorts"],
)
def test_large_model_that_jumps_is_compared_on_both_sides(body):
    text = LARGE.replace("float zero={0}", "float zero={0}, int64[1] count={2000}")
    assert draws_of(traced_model(model(f"{text} {{ p = MatMul (x, a) {body} }}"))) == BOTH_SIDES


def test_comparison_of_sizes_is_no_gate():
    text = LARGE.replace("float zero={0}", "int64[2] least={1,1}")
    body = (
        "s = Shape (p) m = Greater (s, least) w = Cast <to=1> (m) t = ReduceMean (w) q = Mul (p, t) y = MatMul (q, b)"
    )
    assert draws_of(traced_model(model(f"{text} {{ p = MatMul (x, a) {body} }}"))) == PLAIN


def test_means_of_the_first_two_draws_have_both_signs():
    subject = model("g (float[40,6] x, int64[3] i) => (float[40,5] y) <float[6,5] a> { y = MatMul (x, a) }")
    feeding = sizes_of(traced_model(subject).graph).traced
    means = [drawn(subject, feeding, draw)["x"].mean() for draw in MANY[:2]]
    assert np.abs(means - np.array([0.7, -0.7])).max() < 0.2


def test_draws_differ_but_are_the_same_each_time():
    subject = model("g (float[40,6] x, int64[3] i) => (float[40,5] y) <float[6,5] a> { y = MatMul (x, a) }")
    feeding = sizes_of(traced_model(subject).graph).traced
    found = [drawn(subject, feeding, draw) for draw in MANY]
    assert len({feeds["x"].tobytes() for feeds in found}) == len(MANY)
    assert all(set(np.unique(feeds["i"])) <= {0, 1} for feeds in found)
    assert np.array_equal(found[3]["x"], drawn(subject, feeding, MANY[3])["x"])
