"""Bugs that the fuzzer found, each as the smallest network that showed it, named after the symptom."""

from __future__ import annotations

import pytest

from paoding_onnx.model.read import constants
from tests.models import model, prune_randomly

pytestmark = pytest.mark.slow

SLICED = """g (float[2,8] x) => (float[2,5] y)
  <float[8,{channels}] a, float[{kept},5] b, int64[1] start={{{start}}}, int64[1] end={{{end}}}, int64[1] axis={{1}}> {{
    h = MatMul (x, a) s = Slice (h, start, end, axis) y = MatMul (s, b)
  }}"""


def assert_exact(text, *, opset=17, ir=8):
    """Random plans pass the proofs, and remove something."""
    for seed in range(3):
        trial = prune_randomly(model(text, opset=opset, ir=ir), seed)
        assert trial.n_removed
        assert trial.verdict.passed, trial.verdict.detail
        assert trial.predicted == trial.recounted


def test_slice_from_the_end_does_not_take_what_lies_before():
    assert_exact(SLICED.format(channels=4, kept=3, start=-3, end=99))


def test_slice_up_to_the_end_does_not_lose_its_last_entries():
    assert_exact(SLICED.format(channels=6, kept=1, start=0, end=-5))


def test_slice_from_the_end_by_attributes_does_not_take_what_lies_before():
    text = """g (float[2,8] x) => (float[2,5] y) <float[8,4] a, float[3,5] b> {
      h = MatMul (x, a) s = Slice <axes=[1], starts=[-3], ends=[99]> (h) y = MatMul (s, b)
    }"""
    assert_exact(text, opset=9)


@pytest.mark.parametrize("how", ["<axes=[0,1]>", "<keepdims=0>"])
def test_sum_over_everything_is_no_false_alarm(how):
    text = f"g (float[2,3] x) => (y) <float[3,8] w> {{ h = MatMul (x, w) y = ReduceSum {how} (h) }}"
    assert_exact(text, opset=12)


def test_sum_over_everything_by_einsum_is_no_false_alarm():
    text = 'g (float[2,3] x) => (y) <float[3,8] w> { h = MatMul (x, w) y = Einsum <equation="bc->"> (h) }'
    assert_exact(text)


TIED = """t = Transpose <perm=[1,0]> (table) h = MatMul (e, t) r = Relu (h) y = MatMul (r, a)"""
"""Embedded words `e` meet their own table again, in a hidden layer."""
LOOKUPS = {
    "words": ("int64[1,6] x", "e = Gather (table, x)", ""),
    "decisions": ("float[1,6,5] x", "l = MatMul (x, b) i = ArgMax <axis=2, keepdims=0> (l) e = Gather (table, i)",
                  ", float[5,10] b"),
}  # fmt: skip


@pytest.mark.parametrize("of", LOOKUPS)
def test_content_of_an_input_is_not_taken_for_a_constant(of):
    inputs, lookup, more = LOOKUPS[of]
    weights = f"float[10,8] table, float[10,4] a{more}"
    subject = model(f"g ({inputs}) => (float[1,6,4] y) <{weights}> {{ {lookup} {TIED} }}", opset=12)
    trial = prune_randomly(subject)
    assert trial.verdict.passed, trial.verdict.detail
    assert constants(trial.pruned).keys() == constants(subject).keys()
    assert constants(trial.pruned)["table"].shape == (10, 4)


def test_activations_are_never_frozen():
    text = """g (int64[1,6] x, float[1,6,6] z) => (float[1,6,6] y) <float[10,8] table, float[8,6] a, int64 two={2}> {
      e = Gather (table, x) h = MatMul (e, a) t = Transpose <perm=[0,2,1]> (h) m = MatMul (h, t)
      s = Shape (h) i = Gather (s, two) f = Cast <to=1> (i) d = Div (m, f) y = MatMul (d, z)
    }"""
    assert_exact(text)


@pytest.mark.parametrize("opset", [11, 17])
def test_dropout_that_does_nothing_does_not_stop_the_proof(opset):
    text = """g (float[2,3] x) => (float[2,5] y) <float[3,8] a, float[8,5] b> {
      h = MatMul (x, a) d = Dropout (h) y = MatMul (d, b)
    }"""
    assert_exact(text, opset=opset)


def test_removed_unit_that_is_no_number_is_no_false_alarm():
    """A channel of which only the bias is left is constant: a norm without epsilon divides 0 by 0 there."""
    text = """g (float[1,3,4,4] x) => (float[1,5] y) <float[6,3,1,1] a, float[6,1,3,3] d, float[6] e, float[6,5] b> {
      h = Conv (x, a) q = Conv <group=6, pads=[1,1,1,1]> (h, d, e) m = ReduceMean <axes=[2,3]> (q) c = Sub (q, m)
      s = ReduceSumSquare <axes=[2,3]> (c) r = Sqrt (s) n = Div (c, r) o = GlobalMaxPool (n) f = Flatten (o)
      y = MatMul (f, b)
    }"""
    assert_exact(text, opset=12)
