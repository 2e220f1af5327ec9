"""EQUIVALENCE where faults hide: before a norm, behind decisions and sizes, in deep networks and long sequences."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from paoding_onnx.model.read import constants
from paoding_onnx.model.session import Session
from paoding_onnx.rules.equation import Equation, axis
from paoding_onnx.surgery.cut import cut
from paoding_onnx.verification.equivalence import check_surgery
from paoding_onnx.verification.masked import mask
from tests.models import model, prune_randomly, random_plan
from tests.pruning import feeds, run, traced_model, with_constants
from tests.verification.faults import plant, plant_equation, reversed_segments, swapped_factors

REARRANGED = {
    "Concat": ("c = Concat <axis=1> (p, q)", 12, reversed_segments),
    "Pad": ("c = Pad (p, pads)", 16, reversed_segments),
    "Split": ("u, c = Split <axis=1> (p, sizes)", 4, reversed_segments),
    "Reshape": ("u = Reshape (p, grid) c = ReduceSum <keepdims=0> (u, one)", 4, swapped_factors),
}
"""What makes c from p of 8 channels and q of 4, how many channels c has, and what to do to the operator's rule."""
MIXING = {
    "LayerNormalization": "n = LayerNormalization (c, s, t)",
    "RMSNormalization": "n = RMSNormalization (c, s)",
    "GroupNormalization": "w = Unsqueeze (c, two) g = GroupNormalization <num_groups=2> (w, s, t) n = Squeeze (g, two)",
    "mean over channels": "m = ReduceMean (c, one) d = Sub (c, m) n = Mul (d, s)",
    "sign of the mean": "m = ReduceMean (x) o = Greater (m, zero) e = Neg (c) n = Where (o, c, e)",
}
"""What makes n from c, so that each unit counts in what becomes of the others."""


def rearranged(operator, mixing):
    """A model in which units are moved around, and meet each other behind that."""
    body, channels, _ = REARRANGED[operator]
    return f"""<ir_version: 10, opset_import: ["" : 23]>
    g (float[4,3] x) => (float[4,5] y) <float[3,8] a, float[3,4] b, float[{channels}] s, float[{channels}] t,
     float[{channels},5] f, int64[2] sizes={{4,4}}, int64[3] grid={{0,2,4}}, int64[1] one={{1}}, int64[1] two={{2}},
     int64[4] pads={{0,3,0,5}}, float zero={{0}}> {{
      p = MatMul (x, a) q = MatMul (x, b) {body} {MIXING[mixing]} y = MatMul (n, f)
    }}"""


@pytest.mark.parametrize("operator", REARRANGED)
@pytest.mark.parametrize("mixing", MIXING)
def test_units_that_are_moved_around_before_they_are_mixed_are_proven(operator, mixing):
    trial = prune_randomly(model(rearranged(operator, mixing)))
    assert trial.n_removed > 1
    assert trial.verdict.passed


@pytest.mark.parametrize("operator", REARRANGED)
@pytest.mark.parametrize("mixing", MIXING)
def test_units_that_are_moved_elsewhere_before_they_are_mixed_are_noticed(operator, mixing, monkeypatch):
    plant_equation(monkeypatch, operator, REARRANGED[operator][2])
    assert not all(prune_randomly(model(rearranged(operator, mixing)), seed).verdict.passed for seed in range(2))


SHUFFLED = np.random.default_rng(0).permutation(40)
TIES = f"""g (float[1,24,4] x) => (float[N,3] y) <float[4,40] a, float[40,1] b, float[40,1] br, float[48,3] e,
     int64[40] shuffled={{{",".join(map(str, SHUFFLED))}}}, int64[1] some={{23}}, float[1,48,4] boxes,
     int64[2] flat={{-1,3}}, int64[1] two={{2}}> {{
  p = MatMul (x, a) h = Tanh (p) r = Gather <axis=2> (h, shuffled)
  s1 = MatMul (h, b) s2 = MatMul (r, br) s = Concat <axis=1> (s1, s2)
  BODY
}}"""
"""48 scores, of which any two that stand 24 apart are equal but for rounding."""
DECIDED = {
    "TopK": "v, i = TopK <axis=1> (s, some) j = Squeeze (i, two) k = Gather (e, j) y = Reshape (k, flat)",
    "NonMaxSuppression": "t = Transpose <perm=[0,2,1]> (s) k = NonMaxSuppression (boxes, t, some) y = Cast <to=1> (k)",
}


def tied(operator, seed):
    """A model whose scores are equal in pairs."""
    subject = model(TIES.replace("BODY", DECIDED[operator]), seed)
    return with_constants(subject, br=constants(subject)["b"][SHUFFLED])


def reversed_weights(pruned):
    return with_constants(pruned, b=constants(pruned)["b"][::-1])


def planned(operator, seed):
    """Such a model, its trace, and a plan."""
    subject = tied(operator, seed)
    trace = traced_model(subject)
    return subject, trace, random_plan(trace, seed)


@pytest.mark.parametrize("operator", DECIDED)
def test_decision_between_equals_raises_no_alarm(operator):
    cases = [planned(operator, seed) for seed in range(4)]
    assert not all(np.array_equal(run(mask(*case))["y"], run(cut(*case))["y"]) for case in cases)  # rounding tips some
    assert all(check_surgery(*case).passed for case in cases)


@pytest.mark.parametrize("operator", DECIDED)
def test_wrong_weight_before_a_decision_is_noticed(operator):
    cases = [planned(operator, seed) for seed in range(3)]
    assert not any(check_surgery(*case, reversed_weights(cut(*case))).passed for case in cases)


LISTED = f"""g (float[1,64,4] x) => (float[1,5,3] y) <float[4,40] a, float[40,1] b, float[40,1] br, float[40,3] f,
     int64[40] shuffled={{{",".join(map(str, SHUFFLED))}}}, float[64,1] level, float zero={{0}}, int64 one={{1}},
     int64[1] five={{5}}, int64[1] all={{-1}}> {{
  p = MatMul (x, a) h = Tanh (p) r = Gather <axis=2> (h, shuffled) s1 = MatMul (h, b) s2 = MatMul (r, br)
  d = Sub (s1, s2) l = Add (d, level) o = Greater (l, zero) z = NonZero (o) rows = Gather (z, one)
  s = Reshape (s1, all) w = Gather (s, rows) v, i = TopK (w, five) k = Gather (rows, i) q = Gather <axis=1> (h, k)
  y = MatMul (q, f)
}}"""
"""The five largest of a list, as a detector picks boxes; whether each 8th of 64 rows is in it is up to rounding."""
ROWS = np.arange(64)[:, None]


def listed(seed, text=LISTED):
    """Such a model, its trace, a plan, and the cut model."""
    subject = model(text, seed)
    level = np.where(ROWS % 8, np.where(ROWS % 3, 1, -1), 0).astype(np.float32)
    subject = with_constants(subject, br=constants(subject)["b"][SHUFFLED], level=level)
    trace = traced_model(subject)
    plan = random_plan(trace, seed)
    return subject, trace, plan, cut(subject, trace, plan)


def test_choice_among_those_that_a_choice_between_equals_left_raises_no_alarm():
    cases = [listed(seed) for seed in range(3)]
    found = [
        [Session(m, watch=["rows"]).run(feeds(m)[0])["rows"] for m in (mask(*case[:3]), case[3])] for case in cases
    ]
    assert not any(np.array_equal(*pair) for pair in found)
    assert all(check_surgery(*case).passed for case in cases)


def test_models_that_draw_random_numbers_go_on_from_a_decision_with_the_same_ones():
    noisy = LISTED.replace("(float[1,5,3] y)", "(float[1,5,3] out)").replace(
        "(q, f)", "(q, f) n = RandomNormalLike (y) out = Add (y, n)"
    )
    cases = [listed(seed, noisy) for seed in range(2)]
    assert all(check_surgery(*case).passed for case in cases)
    *case, pruned = cases[0]
    assert not check_surgery(*case, with_constants(pruned, f=constants(pruned)["f"][::-1])).passed


@pytest.mark.parametrize("name", ["a", "b", "f", "level"])
def test_wrong_constant_around_a_choice_among_those_that_are_left_is_noticed(name):
    for *case, pruned in map(listed, range(2)):
        assert not check_surgery(*case, with_constants(pruned, **{name: constants(pruned)[name][::-1]})).passed


@pytest.mark.parametrize("seed", range(4))
def test_largest_among_others_than_those_that_are_kept_is_noticed(seed, monkeypatch):
    text = """g (float[1,2,6] x) => (float[1,2,5] y) <float[6,8] a, float[8,5] b> {
      p = MatMul (x, a) q = Hardmax <axis=2> (p) y = MatMul (q, b)
    }"""
    assert prune_randomly(model(text, seed), seed).n_removed == 0
    plant_equation(monkeypatch, "Hardmax", _freed_last)
    trial = prune_randomly(model(text, seed), seed)
    assert trial.n_removed == 4
    assert not trial.verdict.passed


def _freed_last(equation):
    side = (*equation.inputs[0][:-1], axis("F"))
    return Equation.of([side], [side])


@pytest.mark.parametrize(
    "body",
    ["i = ArgMax <axis=1> (h) c = Cast <to=1> (i) y = MatMul (c, b)", "v, i = TopK (h, one) y = MatMul (v, b)"],
    ids=["places", "numbers"],
)
def test_decision_among_others_than_those_that_are_kept_is_noticed(body, monkeypatch):
    def freed(equation):
        return Equation.of([(equation.inputs[0][0], axis("F")), *equation.inputs[1:]], equation.outputs)

    text = f"""g (float[64,6] x) => (float[64,5] y) <float[6,8] a, float[1,5] b, int64[1] one={{1}}> {{
      h = MatMul (x, a) {body}
    }}"""
    plant_equation(monkeypatch, "ArgMax" if "Arg" in body else "TopK", freed)
    trial = prune_randomly(model(text))
    assert trial.n_removed == 4
    assert not trial.verdict.passed


def test_size_is_no_decision(monkeypatch):
    text = """g (float[2,6] x) => (float[2,5] y) <float[6,8] a, float[8,5] b> {
      p = MatMul (x, a) s = Size (p) f = Cast <to=1> (s) q = Div (p, f) y = MatMul (q, b)
    }"""
    assert prune_randomly(model(text)).verdict.passed
    plant(monkeypatch, "Size", lambda rule: replace(rule, shape=None))
    assert not prune_randomly(model(text)).verdict.passed


def deep(layers):
    """A chain of convolutions."""
    weights = ", ".join(f"float[8,8,3,3] w{k}" for k in range(1, layers))
    body = " ".join(f"h{k} = Conv <pads=[1,1,1,1]> (r{k - 1}, w{k}) r{k} = Relu (h{k})" for k in range(1, layers))
    return f"""g (float[1,3,6,6] x) => (float[1,5,6,6] y) <float[8,3,1,1] w0, {weights}, float[5,8,1,1] last> {{
      h0 = Conv (x, w0) r0 = Relu (h0) {body} y = Conv (r{layers - 1}, last)
    }}"""


LONG = """g (float[160,2,6] x) => (float[160,2,3] y) <float[1,32,6] w0, float[1,32,8] u0, float[1,32,8] w1,
     float[1,32,8] u1, float[1,32,8] w2, float[1,32,8] u2, float[8,3] last, int64[1] one={1}> {
  p0 = LSTM <hidden_size=8> (x, w0, u0) q0 = Squeeze (p0, one) p1 = LSTM <hidden_size=8> (q0, w1, u1)
  q1 = Squeeze (p1, one) p2 = LSTM <hidden_size=8> (q1, w2, u2) q2 = Squeeze (p2, one) y = MatMul (q2, last)
}"""
"""Three recurrent layers, of 160 steps."""


@pytest.mark.parametrize(("text", "weight"), [(deep(80), "w40"), (LONG, "u1")], ids=["deep", "long"])
@pytest.mark.parametrize("seed", range(2))
def test_rounding_that_adds_up_is_told_from_a_fault(text, weight, seed):
    subject = model(text, seed)
    trace = traced_model(subject)
    plan = random_plan(trace, seed)
    pruned = cut(subject, trace, plan)
    faulty = with_constants(pruned, **{weight: constants(pruned)[weight][..., ::-1, :]})
    assert [check_surgery(subject, trace, plan, candidate).passed for candidate in (pruned, faulty)] == [True, False]
