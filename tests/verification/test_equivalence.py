"""EQUIVALENCE: the proof holds for every sound cut, and fails on each planted fault, wherever that hides."""

from __future__ import annotations

import numpy as np
import pytest

from paoding_onnx.model.read import constants
from paoding_onnx.surgery.cut import cut
from paoding_onnx.verification import equivalence, rounding, shelf
from paoding_onnx.verification.equivalence import check_surgery
from tests.models import model, prune_randomly
from tests.pruning import CNN, MLP, edited, plan_of, traced_model, with_constants
from tests.verification.faults import set_group

PLAN = {"a": [1, 5], "e": [0], "f": [3, 4]}
"""Units of CNN that go."""


def evaluation(faulty, text=CNN, plan=None):
    """What the equivalence oracle says when `faulty` has its hands on the pruned model."""
    subject = model(text)
    trace = traced_model(subject)
    plan = plan_of(trace, **(PLAN if plan is None else plan))
    return check_surgery(subject, trace, plan, faulty(subject, cut(subject, trace, plan)))


def of_another_unit(subject, pruned):
    return with_constants(pruned, f=np.delete(np.delete(constants(subject)["f"], [3, 4], 0), [1], 1))


def swapped(subject, pruned):
    return with_constants(pruned, e=constants(pruned)["e"][::-1])


def half_forgotten(subject, pruned):
    return with_constants(pruned, ab=constants(subject)["ab"][:6])


def undefined(subject, pruned):
    return with_constants(pruned, h=constants(pruned)["h"] * np.float32("nan"))


def ungrouped(subject, pruned):
    return edited(pruned, set_group(1))


def uncut(subject, pruned):
    return subject


@pytest.mark.parametrize("fault", [of_another_unit, swapped, half_forgotten, undefined, ungrouped, uncut])
def test_equivalence_fails_on(fault):
    verdict = evaluation(fault)
    assert (verdict.name, verdict.passed) == ("surgery exact", False)


def test_equivalence_notices_a_unit_that_nobody_misses():
    text = """g (float[1,3] x) => (float[1,2] y) <float[3,3] a, float[3,2] b={1,2,0,0,3,4}> {
      p = MatMul (x, a) y = MatMul (p, b)
    }"""
    assert not evaluation(uncut, text, {"a": [1]}).passed


def test_equivalence_holds_for_the_cut_model():
    verdict = evaluation(lambda subject, pruned: pruned)
    assert verdict.passed
    assert "at most 1e-05 allowed" in verdict.detail


def test_equivalence_cuts_for_itself_what_it_is_not_given():
    assert evaluation(lambda subject, pruned: None).passed


def test_equivalence_notices_a_difference_behind_a_saturated_output():
    text = MLP.replace("y = Add (u, cb)", "v = Add (u, cb) w = Mul (v, big) y = Sigmoid (w)")
    text = text.replace("float[4] cb>", "float[4] cb, float big={-1000}>")
    assert evaluation(lambda subject, pruned: pruned, text, {"a": [0]}).passed
    assert not evaluation(
        lambda subject, pruned: with_constants(pruned, b=constants(pruned)["b"][::-1]), text, {"a": [0]}
    ).passed


def test_equivalence_holds_and_fails_for_inexact_units_too():
    text = """g (float[1,4,2,2] x) => (float[1,1,2,2] y) <float[6,4,1,1] a> {
      p = Conv (x, a) y = ReduceMean <axes=[1]> (p)
    }"""
    assert evaluation(lambda subject, pruned: pruned, text, {"a": [0]}).passed
    assert not evaluation(uncut, text, {"a": [0]}).passed


def test_half_precision_is_held_to_its_own_resolution():
    text = MLP.replace("float[", "float16[")
    subject = model(text)
    trace = traced_model(subject)
    plan = plan_of(trace, a=[0, 3], b=[7])
    pruned = cut(subject, trace, plan)
    nudged, changed = (
        with_constants(pruned, c=(constants(pruned)["c"] * np.float16(factor))) for factor in (1.001, 1.1)
    )
    passed = [check_surgery(subject, trace, plan, m).passed for m in (pruned, nudged, changed)]
    assert passed == [True, True, False]


FLAT = """g (float[N,3,2,2] x) => (float[N,5] y) <float[8,3,1,1] a, float[32,5] b, int64[2] target={0,32}> {
  p = Conv (x, a) r = Reshape (p, target) y = MatMul (r, b)
}"""
LABELS = MLP.replace("(float[N,4] y)", "(int64[N,1] z)").replace("}", "z = ArgMax <axis=1> (y) }")
UNDEFINED = MLP.replace("(float[N,4] y)", "(float[N,4] z)").replace("}", "d = Sub (y, y) z = Div (d, d) }")
NOISY = MLP.replace("(float[N,4] y)", "(float[N,4] z)").replace("}", "n = RandomNormalLike (y) z = Add (y, n) }")
MIXED = """g (float[1,3] x) => (float[1,5] y) <float[3,8] a, float[8] s, float[8,6] b, float[6,5] c> {
  p = MatMul (x, a) q = LayerNormalization (p, s) r = MatMul (q, b) y = MatMul (r, c)
}"""
"""Eight units under a LayerNormalization, six that are not."""


def agrees(text, units, faulty=lambda pruned: pruned):
    """Whether the surgery is proven when `faulty` has its hands on the pruned model."""
    subject = model(text)
    trace = traced_model(subject)
    plan = plan_of(trace, **units)
    return check_surgery(subject, trace, plan, faulty(cut(subject, trace, plan))).passed


def reversed_weights(pruned):
    return with_constants(pruned, b=constants(pruned)["b"][::-1])


def test_size_that_was_fixed_at_the_one_measured_is_noticed():
    subject = model(FLAT)
    batch = traced_model(subject).graph.tensors["x"].shape[0]
    assert agrees(FLAT, {"a": [0, 1]})
    assert not agrees(
        FLAT, {"a": [0, 1]}, lambda pruned: with_constants(pruned, target=np.array([batch, 24], np.int64))
    )


@pytest.mark.parametrize("text", [LABELS, UNDEFINED], ids=["labels", "undefined"])
def test_outputs_of_any_kind_are_compared(text):
    assert agrees(text, {"a": [0, 3]})
    assert not agrees(text, {"a": [0, 3]}, reversed_weights)


@pytest.mark.parametrize("batch", ["2", "N"])
def test_model_that_draws_at_random_raises_no_alarm_at_any_batch(batch):
    text = NOISY.replace("[N,", f"[{batch},")
    assert agrees(text, {"a": [0, 3]})
    assert not agrees(text, {"a": [0, 3]}, reversed_weights)


def test_exact_and_inexact_units_are_proven_together():
    assert agrees(MIXED, {"a": [0], "b": [1]})
    assert not agrees(MIXED, {"a": [0], "b": [1]}, reversed_weights)
    assert not agrees(MIXED, {"b": [1]}, reversed_weights)


@pytest.mark.parametrize("seed", range(3))
def test_no_sound_cut_raises_an_alarm(seed):
    assert prune_randomly(model(LABELS, seed), seed).verdict.passed


def test_fault_is_noticed_beside_a_much_larger_number():
    text = MLP.replace("float[4] cb", "float[4] cb={100000,1,1,1}")

    def shifted(pruned):
        return with_constants(pruned, cb=constants(pruned)["cb"] + np.array([0, 0.6, 0, 0], np.float32))

    assert agrees(text, {"a": [0, 3]})
    assert not agrees(text, {"a": [0, 3]}, shifted)


@pytest.mark.parametrize("text", [MLP, LABELS, NOISY], ids=["mlp", "labels", "noisy"])
def test_proof_is_the_same_where_tensors_wait_on_disk(text, monkeypatch):
    def verdicts():
        return [agrees(text, {"a": [0, 3]}), agrees(text, {"a": [0, 3]}, reversed_weights)]

    in_memory = verdicts()
    monkeypatch.setattr(shelf, "MOST_BYTES", 0)
    assert verdicts() == in_memory == [True, False]


DECIDING = """g (float[N,300] x) => (float[N,4] y)
    <float[300,400] a, float[400,90] b, float[90,4] c, int64[1] two={2}> {
  p = MatMul (x, a) q = MatMul (p, b) v, i = TopK (q, two) k = ReduceSum <keepdims=1> (i)
  n = RandomNormalLike (q) r = Add (q, n) f = Cast <to=1> (k) s = Mul (r, f) y = MatMul (s, c)
}"""
"""It draws at random, and decides before its last layer."""


def test_of_a_model_that_draws_no_more_is_run_than_is_looked_at(monkeypatch):
    parts = []
    found = equivalence.part_of

    def part(model, names):
        parts.append((sorted(names), len(found(model, names).proto.graph.node)))
        return found(model, names)

    monkeypatch.setattr(equivalence, "part_of", part)
    monkeypatch.setattr(rounding, "TOLERANCE", 1e-9)  # rounding is told from faults by noise alone
    assert agrees(DECIDING, {"a": list(range(0, 400, 3))})
    of_decisions = [count for names, count in parts if names in (["i", "v"], ["i"], ["i_decided_here"])]
    assert of_decisions
    assert max(of_decisions) < 6
