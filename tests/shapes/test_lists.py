"""Loops that append to a list which is stacked collect the same by themselves."""

from __future__ import annotations

import numpy as np
import pytest

from paoding_onnx.model.session import Session
from paoding_onnx.shapes.lifting import lifted
from paoding_onnx.shapes.lists import collected_lists
from paoding_onnx.shapes.observe import observe
from tests.bodies import pruned_at_random
from tests.models import model

TEXT = """g (float[N,T,4] x) => (float[N,a,b] y) <float[4,8] a, float[8,6] w, float[6,6] r, float[6,3] d,
    int64 zero={{0}}, int64 one={{1}}, bool go={{1}}> {{
  p = MatMul (x, a) q = Relu (p) s = Shape (x) steps = Gather (s, one) first = Gather <axis=1> (q, zero)
  h0 = MatMul (first, w) nothing = SequenceEmpty <dtype=1> ()
  h, all = Loop (steps, go, h0, nothing) <body = step (int64 k, bool c, float[M,6] g, seq(float[M,6]) l)
      => (bool c, float[M,6] u, seq(float[M,6]) l2) {{
    e = Gather <axis=1> (q, k) f = MatMul (e, w) j = MatMul (g, r) i = Add (f, j) u = Tanh (i) {append} }}>
  {behind} }}"""
APPEND = "l2 = SequenceInsert (l, u)"
STACK = "z = ConcatFromSequence <axis={0}, new_axis=1> (all) "
AFTER = "y = MatMul (z, d)"
FED = {"x": np.random.default_rng(0).standard_normal((2, 5, 4)).astype(np.float32)}


PLAIN = STACK.format(1) + AFTER
"""What stands behind the loop in most of these networks."""


def collecting(append=APPEND, behind=PLAIN):
    """A network before and after its lists are collected."""
    subject = lifted(model(TEXT.format(append=append, behind=behind)))
    return subject, collected_lists(subject, observe(subject))


def operators(subject):
    """The operators of the main graph."""
    return {node.op_type for node in subject.proto.graph.node}


@pytest.mark.parametrize("axis", [0, 1, 2, -1, -3])
def test_steps_come_out_as_they_were_stacked(axis):
    subject, after = collecting(behind=f"y0 = Identity (h) {STACK.format(axis)} y = Neg (z)")
    assert not {"SequenceEmpty", "ConcatFromSequence"} & operators(after)
    np.testing.assert_array_equal(Session(after).run(FED)["y"], Session(subject).run(FED)["y"])


def test_list_may_be_stacked_more_than_once():
    behind = f"{STACK.format(1)} v = ConcatFromSequence <axis=0, new_axis=1> (all) m = ReduceMax <keepdims=0> (v) "
    subject, after = collecting(behind=f"{behind} n = Add (z, m) y = MatMul (n, d)")
    assert "ConcatFromSequence" not in operators(after)
    np.testing.assert_array_equal(Session(after).run(FED)["y"], Session(subject).run(FED)["y"])


END_TO_END = """k0 = Constant <value_ints=[0]> () z = ConcatFromSequence <axis=0> (all) z1 = Unsqueeze (z, k0)
  y = MatMul (z1, d)"""


@pytest.mark.parametrize(
    "how",
    [
        {"behind": f"n = SequenceLength (all) {PLAIN}"},
        {"behind": END_TO_END},
        {"append": "place = Constant <value_int=0> () l2 = SequenceInsert (l, u, place)"},
        {"append": "l2 = SequenceInsert (l, u) n = SequenceLength (l)"},
    ],
    ids=["its length is asked", "laid end to end", "put first", "its length is asked inside"],
)
def test_other_lists_stay(how):
    subject, after = collecting(**how)
    assert after is subject


@pytest.mark.parametrize("seed", range(2))
def test_network_that_appends_to_a_list_is_pruned_exactly(seed):
    trial = pruned_at_random(model(TEXT.format(append=APPEND, behind=PLAIN)), seed)
    assert trial.verdict.passed, trial.verdict.detail
    assert trial.predicted == trial.recounted
    assert [group.n_units for group in trial.trace.groups] == [8, 6]


def test_model_without_lists_stays_itself():
    subject = model("g (float[2] x) => (float[2] y) { y = Neg (x) }")
    assert collected_lists(subject, observe(subject)) is subject
