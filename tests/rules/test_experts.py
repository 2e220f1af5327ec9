"""What rules say of mixtures of experts, and that files with them are cut exactly."""

from __future__ import annotations

from fractions import Fraction

import pytest

from paoding_onnx.dependency.trace import Role
from paoding_onnx.selection.budget import quotas
from tests.bodies import pruned_at_random
from tests.models import model, traced
from tests.rules.said import BLOCKS, every, line, said_at

_MOE = "a0 H, r ~E, ~E {0} H, ~E {0}, ~E O I, ~E O, ~E I H, ~E I -> a0 O"
_QMOE = (
    "a0 (C s), r ~E, ~E {0} (C q), ~E {0} C, ~E {0}, ~E (D t) ({1} p), ~E (D t) {1}, ~E (D t), ~E ({1} s) (C w), "
    "~E ({1} s) C, ~E ({1} s), ~E {0} C, ~E (D t) {2}, ~E ({1} s) C, r ~E -> a0 (D t)"
)
_SMALL = {"block_size": 16, "k": 2, "least": "E=2", "alike": "C=D", "why": BLOCKS}
LINES = [
    line("com.microsoft.MoE 6x8 6x4 4x12x8 4x12 4x8x12 4x8 -> 6x8", _MOE.format("I"), k=2, activation_type="relu",
         sizes="k=2 f=1", contracts="a0 k f I H + a0 k O I", least="E=2", alike="H=O"),
    line("com.microsoft.MoE 6x8 6x4 4x24x8 4x24 4x8x12 4x8 -> 6x8", _MOE.format("(I f)"), swiglu_fusion=1,
         sizes="k=1 f=2", contracts="a0 k f I H + a0 k O I", least="E=1", alike="H=O"),
    line("com.microsoft.MoE 6x8 6x4 4x24x8 _ 4x8x12 -> 6x8", _MOE.format("(f I)"), swiglu_fusion=2,
         sizes="k=1 f=2", contracts="a0 k f I H + a0 k O I", least="E=1", alike="H=O"),
    line("com.microsoft.MoE 6x8 6x4 4x12x8 _ 4x8x12 _ 4x12x8 -> 6x8", _MOE.format("I"), sizes="k=1 f=1",
         contracts="a0 k f I H + a0 k O I + a0 k I H", least="E=1", alike="H=O"),
    line("com.microsoft.MoE 6x8 6x4 4x8x12 _ 4x12x8 -> 6x8", "i0x0 i0x1, i1x0 i1x1, i2x0 i2x1 i2x2, _, i4x0 i4x1 i4x2 "
         "-> o0x0 o0x1", why="its weights lie in another order than its schema says", shape="depends on data"),
    line("com.microsoft.QMoE 6x32 6x4 4x64x16 4x64x2 4x64 4x32x32 4x32x4 -> 6x32", _QMOE.format("(B s)", "B", "B"),
         sizes="k=2 f=1 s=16 t=16 v=16", contracts="a0 k f B s C v + a0 k D t B v", **_SMALL),
    line("com.microsoft.QMoE 6x32 6x4 4x128x16 4x128x2 4x128 4x32x32 4x32x4 -> 6x32",
         _QMOE.format("(B s f)", "B", "B"), swiglu_fusion=1, sizes="k=2 f=2 s=16 t=16 v=16",
         contracts="a0 k f B s C v + a0 k D t B v", **_SMALL),
    line("com.microsoft.QMoE 6x32 6x4 4x64x16 4x64x2 _ 4x32x32 4x32x4 _ _ _ _ 4x64x2 4x32x2 -> 6x32",
         _QMOE.format("(b s)", "b", "z2"), sizes="k=2 f=1 s=16 t=16 v=16",
         contracts="a0 k f b s C v + a0 k D t b v", **_SMALL),
    line("com.microsoft.QMoE 6x32 6x4 4x64x16 4x64 4x64 4x32x32 4x32 -> 6x32",
         "i0x0 i0x1, i1x0 i1x1, i2x0 i2x1 i2x2, i3x0 i3x1, i4x0 i4x1, i5x0 i5x1 i5x2, i6x0 i6x1 -> o0x0 o0x1", k=2,
         why="packs units that have one scale together", shape="depends on data"),
]  # fmt: skip
ROUTED = """g (float[6,5] x) => (float[6,3] y) <float[5,8] a, float[8,4] r, {0} float[8,3] d, int64[1] two={{2}},
    int64[1] one={{1}}, int64[1] zero={{0}}> {{
  p = MatMul (x, a) l = MatMul (p, r) v, i = TopK <axis=-1> (l, two) s = Softmax <axis=-1> (v) {1}
  q = Add (p, m) y = MatMul (q, d) }}"""
GATHERED = ROUTED.format(
    "float[4,8,10] w1, float[4,10,8] w2,",
    """u1 = Gather <axis=0> (w1, i) u2 = Gather <axis=0> (w2, i) e = Unsqueeze (p, one) e2 = Unsqueeze (e, one)
  h = MatMul (e2, u1) h2 = Relu (h) o = MatMul (h2, u2) o1 = Squeeze (o, two) su = Unsqueeze (s, two)
  ow = Mul (o1, su) m = ReduceSum <keepdims=0> (ow, one)""",
)
"""The weights of the experts that were chosen are picked for each row."""
SPREAD = ROUTED.format(
    "float[4,8,10] w1, float[4,1,10] b1, float[4,10,8] w2, float nil={0}, ",
    """z = Mul (l, nil) g0 = ScatterElements <axis=1> (z, i, s) e = Unsqueeze (p, zero) h = MatMul (e, w1)
  h1 = Add (h, b1) h2 = Relu (h1) o = MatMul (h2, w2) gt = Transpose (g0) gu = Unsqueeze (gt, two) ow = Mul (o, gu)
  m = ReduceSum <keepdims=0> (ow, zero)""",
)
"""All experts see all rows, and shares spread by ScatterElements say what counts."""
LISTED = ROUTED.replace("two={{2}}", "two={{1}}").format(
    "float[8,10] w1, float[10,8] w2, float[8,10] w3, float[10,8] w4, float nil={0}, int64 n0={0}, int64 n1={1}, ",
    """z = Mul (p, nil) t = Squeeze (i, one)
  c0 = Equal (t, n0) f0 = NonZero (c0) k0 = Transpose (f0) g0 = GatherND (p, k0) h0 = MatMul (g0, w1) j0 = Relu (h0)
  o0 = MatMul (j0, w2) z0 = ScatterND (z, k0, o0)
  c1 = Equal (t, n1) f1 = NonZero (c1) k1 = Transpose (f1) g1 = GatherND (p, k1) h1 = MatMul (g1, w3) j1 = Relu (h1)
  o1 = MatMul (j1, w4) m = ScatterND (z0, k1, o1)""",
)
"""Each expert sees the rows that are listed for it."""


@every(LINES)
def test_rule_says_its_golden_line(golden):
    assert said_at(golden.node) == golden.says


@pytest.mark.parametrize(
    ("text", "units"),
    [(GATHERED, [8, 10]), (SPREAD, [8, 10]), (LISTED, [8, 10, 10])],
    ids=["gathered", "spread", "listed"],
)
def test_hidden_units_of_experts_that_are_spelt_out_may_go(text, units):
    trial = pruned_at_random(model(text))
    assert trial.verdict.passed, trial.verdict.detail
    assert text is LISTED or trial.predicted == trial.recounted  # how many rows are listed is another matter
    assert [group.n_units for group in trial.trace.groups] == units


def test_words_that_are_picked_from_a_table_are_no_weights():
    text = """g (int64[2,3] x) => (float[2,3,5] y) <float[9,8] e, float[8,6] a, float[6,5] b> {
      p = Gather (e, x) h = MatMul (p, a) y = MatMul (h, b) }"""
    (embedded, _) = traced(text).groups
    assert [(axis.use.tensor, axis.role) for axis in embedded.parameter_axes] == [
        ("e", Role.FOLLOWS),
        ("a", Role.CONSUMES),
    ]


MIXED = """<ir_version: 8, opset_import: ["" : 17, "com.microsoft" : 1]>
g (float[6,5] x) => (float[6,3] y) <float[5,8] a, float[8,4] r, float[4,12,8] w1, float[4,12] b1, float[4,8,12] w2,
    float[4,8] b2, float[8,3] d> {
  p = MatMul (x, a) q = MatMul (p, r) m = com.microsoft.MoE <k=3, activation_type="gelu"> (p, q, w1, b1, w2, b2)
  s = Add (m, p) y = MatMul (s, d) }"""


@pytest.mark.parametrize("seed", range(3))
def test_experts_go_whole_and_as_many_stay_as_are_asked(seed):
    trial = pruned_at_random(model(MIXED), seed, 0.9)
    assert trial.verdict.passed, trial.verdict.detail
    assert trial.predicted == trial.recounted
    widths, experts, hidden = trial.trace.groups
    assert (experts.least, experts.most, experts.is_exact) == (3, 1, False)
    assert (widths.least, hidden.least) == (1, 1)
    assert trial.plan.kept_units(experts) == 3


def test_no_budget_takes_more_experts_than_may_go():
    found = traced(MIXED)
    counts = quotas(found, Fraction(19, 20), by="units", round_to=1)
    assert counts[1] == 1
