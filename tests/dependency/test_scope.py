"""What may be pruned at all: exact units only, and what goes where a structure leaves a choice."""

from __future__ import annotations

import pytest

from paoding_onnx.api import inspect, prune
from paoding_onnx.dependency.groups import trace
from paoding_onnx.errors import UsageError
from paoding_onnx.names import Prefer
from paoding_onnx.options import Options
from paoding_onnx.shapes.observe import observe
from paoding_onnx.surgery.plan import plan_document, plan_from_document, scope_of_document
from tests.models import model
from tests.pruning import skip_latency

HEADS = """g (float[1,6,10] x) => (float[1,6,7] y)
    <float[10,24] q, float[10,24] k, float[10,24] v, float[24,7] o, int64[4] split={0,6,4,6}, int64[3] join={0,6,24}> {
  a = MatMul (x, q) b = Reshape (a, split) [queries] c = Transpose <perm=[0,2,1,3]> (b)
  d = MatMul (x, k) e = Reshape (d, split) [keys] f = Transpose <perm=[0,2,3,1]> (e)
  h = MatMul (x, v) i = Reshape (h, split) [values] j = Transpose <perm=[0,2,1,3]> (i)
  s = MatMul (c, f) t = Softmax (s) u = MatMul (t, j) w = Transpose <perm=[0,2,1,3]> (u)
  z = Reshape (w, join) y = MatMul (z, o)
}"""
"""An attention of four heads of six."""

GROUPED = """g (float[1,3,4,4] x) => (float[1,5,4,4] y)
    <float[{n},3,1,1] a, float[{n},{places},1,1] b, float[5,{n},1,1] c> {{
  p = Conv (x, a) [grouped] q = Conv <group=4> (p, b) y = Conv (q, c)
}}"""

MIXED = """g (float[1,3] x) => (float[1,5] y) <float[3,8] a, float[8] s, float[8,6] b, float[6,5] c> {
  p = MatMul (x, a) q = LayerNormalization (p, s) r = MatMul (q, b) y = MatMul (r, c)
}"""
"""Eight units under a LayerNormalization, six that are not."""


def units(text: str, **options) -> list[int]:
    return [group.n_units for group in inspect(model(text), Options(**options)).groups]


def test_whole_heads_or_places_of_every_head_go():
    assert units(HEADS, choose=("positions",)) == [6, 6]
    assert units(HEADS, choose=("blocks",)) == [4]
    assert units(HEADS) == units(HEADS, choose=("auto",)) == [6, 6]


def test_last_choice_that_matches_counts():
    assert units(HEADS, choose=("blocks", "Reshape_*=positions")) == [6, 6]
    assert units(HEADS, choose=("positions", "*=blocks")) == [4]


def test_choices_say_what_was_chosen():
    (choice, *_) = inspect(model(HEADS), Options(choose=("blocks",))).choices
    assert (choice.prefer, choice.sizes) == (Prefer.BLOCKS, (4, 6))


@pytest.mark.parametrize(("n_positions", "expected"), [(8, Prefer.POSITIONS), (3, Prefer.BLOCKS)])
def test_grouped_convolutions_lose_places_where_there_are_enough(n_positions, expected):
    choice, *_ = inspect(model(GROUPED.format(n=4 * n_positions, places=n_positions))).choices
    assert choice.prefer is expected


@pytest.mark.slow
@pytest.mark.parametrize("what", ["blocks", "positions"])
def test_either_choice_is_proven(what, monkeypatch):
    skip_latency(monkeypatch)
    for text in (HEADS, GROUPED.format(n=32, places=8)):
        result = prune(model(text), options=Options(choose=(what,), round_to=1))
        assert all(verdict.passed for verdict in result.proofs)
        assert result.plan.removed.any()


def test_plan_knows_what_was_chosen(monkeypatch):
    skip_latency(monkeypatch)
    subject = model(HEADS)
    result = prune(subject, options=Options(choose=("blocks",), round_to=1))
    document = plan_document(result.trace, result.plan)
    again = trace(observe(subject), scope_of_document(document))
    assert (plan_from_document(again, document).removed == result.plan.removed).all()


@pytest.mark.parametrize("text", ["heads", "*=heads", "=", ""])
def test_choice_that_is_none_is_refused(text):
    with pytest.raises(UsageError, match="does not end in one of auto, blocks, positions"):
        Options(choose=(text,))


def test_choice_at_a_node_that_leaves_none_is_refused():
    with pytest.raises(UsageError, match="'soft' matches no node that leaves a choice"):
        units(HEADS, choose=("soft=blocks",))


def test_inexact_units_stay_if_the_user_says_so():
    assert units(MIXED) == [8, 6]
    assert units(MIXED, exact_only=True) == [6]


def test_inexact_units_that_stay_are_reported():
    found = inspect(model(MIXED), Options(exact_only=True))
    reasons = {refusal.tensor: refusal.reason for refusal in found.refusals if "exact" in refusal.reason}
    assert reasons.keys() == {"a", "b"}
    assert reasons["a"] == "removing units of 'MatMul_0' is inexact, and only exact ones may go"


def test_groups_have_names_of_their_own():
    twice = """g (float[1,3] x) => (float[1,5] y) <float[3,8] a, float[5,5] c, float[3,5] d, int64[2] z={3,5}> {
      [both] p = MatMul (x, a) u, v = Split <axis=1> (p, z) q = MatMul (u, d) r = MatMul (v, c) y = Add (q, r) }"""
    names = [group.name for group in inspect(model(twice)).groups]
    assert names == ["both", "both (2)"]
