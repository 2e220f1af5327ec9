"""FITTED WEIGHTS HELP: judged by how far outputs are from the original's, beside those of the cut model."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from paoding_onnx.model.quick import quick
from paoding_onnx.model.read import constants
from paoding_onnx.model.session import Session
from paoding_onnx.surgery.cut import cut, reweigh
from paoding_onnx.verification import fitting
from paoding_onnx.verification.fitting import Judged, check_fitting, check_lesson, looked_at
from tests.models import model
from tests.pruning import MLP, plan_of, traced_model


def judged(**units):
    subject = model(MLP)
    trace = traced_model(subject)
    plan = plan_of(trace, **units)
    batch = {"x": np.random.default_rng(0).standard_normal((16, 8)).astype(np.float32)}
    return Judged(subject, cut(subject, trace, plan), trace, plan, [batch])


def with_last_layer(of, factor):
    return reweigh(of.plain, {"c": constants(of.plain)["c"] * np.float32(factor)})


def test_weights_that_were_not_changed_hold():
    found = judged(a=[0])
    assert check_fitting(found, found.plain).passed


def test_weights_that_were_negated_fail():
    found = judged(a=[0])
    assert not check_fitting(found, with_last_layer(found, -1)).passed


def test_weights_that_are_no_numbers_fail():
    found = judged(a=[0])
    assert not check_fitting(found, with_last_layer(found, np.nan)).passed


def test_weights_that_are_not_those_that_were_fitted_fail():
    found = judged(a=[0])
    first, second = (
        Session(m, watch=["u"]).run(found.batches[0])["u"] for m in (found.plain, with_last_layer(found, 0.9))
    )
    assert check_fitting(replace(found, reached={"u": first}), found.plain).passed
    verdict = check_fitting(replace(found, reached={"u": second}), found.plain)
    assert not verdict.passed
    assert verdict.detail == "'u' is not what it was while weights were fitted"


def test_outputs_are_judged_together():
    """The faint output gets worse, the others better."""
    text = """g (float[N,3] x) => (float[N,4] y, float[N,4] z, float[N,4] faint)
        <float[3,8] a, float[8,4] b, float[8,4] c, float[8,4] d> {
      p = MatMul (x, a) q = Relu (p) y = MatMul (q, b) z = MatMul (q, c) faint = MatMul (q, d)
    }"""
    subject = model(text)
    trace = traced_model(subject)
    plan = plan_of(trace, a=[0])
    batch = {"x": np.random.default_rng(0).standard_normal((16, 3)).astype(np.float32)}
    plain = cut(subject, trace, plan)
    own = constants(plain)
    worse, better = ({name: own[name] * np.float32(0.5) for name in names} for names in ("bcd", "d"))
    found = Judged(subject, reweigh(plain, {name: worse[name] for name in "bc"}), trace, plan, [batch])
    assert check_fitting(found, reweigh(plain, better)).passed
    assert not check_fitting(found, reweigh(plain, worse)).passed


def test_verdict_says_both_errors():
    found = judged(a=[0])
    assert "with the weights it was cut with" in check_fitting(found, found.plain).detail


def test_models_are_judged_with_the_statistics_that_layers_were_fitted_with():
    text = """g (float[N,3] x) => (float[N,4] y)
        <float[3,8] a, float[8] s, float[8] b, float[8] m, float[8] v={1,1,1,1,1,1,1,1}, float[8,4] c> {
      p = MatMul (x, a) q = BatchNormalization (p, s, b, m, v) r = Relu (q) y = MatMul (r, c)
    }"""
    subject = model(text)
    trace = traced_model(subject)
    plan = plan_of(trace, a=[0])
    batch = {"x": np.ones((4, 3), np.float32)}
    plain = cut(subject, trace, plan)
    shifted = {"m": np.full(8, 1e6, np.float32)}  # nothing gets through any more
    stored, levelled = (Judged(subject, plain, trace, plan, [batch], of) for of in ({}, shifted))
    negated = reweigh(plain, {"c": -constants(plain)["c"]})
    assert not check_fitting(stored, negated).passed
    assert check_fitting(levelled, plain).passed


def test_what_the_original_says_is_looked_at_once_for_all_that_is_judged(monkeypatch):
    found = judged(a=[0])
    known = looked_at(found)
    plain, negated = found.plain, with_last_layer(found, -1)
    wanted = [check_fitting(found, one) for one in (plain, negated)]
    run: list[object] = []
    monkeypatch.setattr(fitting, "quick", lambda subject, *more: run.append(subject) or quick(subject, *more))
    assert [check_fitting(known, one) for one in (plain, negated)] == wanted
    assert run == [plain, negated]


def test_models_that_do_not_run_are_told_where_fits_are_judged():
    found = judged(a=[0])
    broken = replace(found, batches=[{"x": np.ones((16, 5), np.float32)}])
    assert looked_at(broken) == broken
    assert not check_fitting(broken, found.plain).passed


def test_lesson_may_lead_a_little_but_not_far_away_from_what_was_fitted():
    found = judged(a=[0])
    near, far = (with_last_layer(found, factor) for factor in (0.99, 0.3))
    assert check_lesson(found, found.plain, near, {}).passed
    assert check_lesson(looked_at(found), found.plain, near, {}).passed
    verdict = check_lesson(found, found.plain, far, {})
    assert not verdict.passed
    assert verdict.detail.startswith("outputs were off by ")


def test_lesson_that_leads_to_no_numbers_fails():
    found = judged(a=[0])
    assert not check_lesson(found, found.plain, with_last_layer(found, np.nan), {}).passed


def test_lesson_that_changes_next_to_nothing_of_probabilities_holds():
    """Rounding makes their divergence negative at times."""
    subject = model("g (float[N,8] x) => (float[N,9] y) <float[8,9] c> { p = MatMul (x, c) y = Softmax (p) }")
    trace = traced_model(subject)
    plan = plan_of(trace)
    batch = {"x": np.random.default_rng(0).standard_normal((32, 8)).astype(np.float32)}
    weight = constants(subject)["c"]
    for seed in range(20):
        noise = np.random.default_rng(seed).standard_normal(weight.shape).astype(np.float32)
        near = reweigh(subject, {"c": weight * (1 + np.float32(1e-7) * noise)})
        assert check_lesson(Judged(subject, subject, trace, plan, [batch]), near, near, {}).passed


def test_lesson_of_a_model_that_does_not_run_fails():
    found = judged(a=[0])
    broken = replace(found, batches=[{"x": np.ones((16, 5), np.float32)}])
    assert not check_lesson(broken, found.plain, found.plain, {}).passed
