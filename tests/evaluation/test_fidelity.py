"""A pruned model beside its original on synthetic inputs: how many answers are the same, how far outputs moved."""

from __future__ import annotations

import numpy as np
import pytest

from paoding_onnx.calibration.amount import made_samples
from paoding_onnx.calibration.samples import Request, Samples
from paoding_onnx.errors import ModelError
from paoding_onnx.evaluation import fidelity
from paoding_onnx.evaluation.fidelity import ENOUGH, FEW, compare, compare_by_few
from paoding_onnx.evaluation.kinds import Kind
from paoding_onnx.shapes.observe import observe
from tests.models import model

COPY = "g (float[N,3] x) => (float[N,3] y) { y = Identity (x) }"
SHIFTED = "g (float[N,3] x) => (float[N,3] y) { c = Constant <value_float=9.0> () y = Add (x, c) }"
NEGATED = "g (float[N,3] x) => (float[N,3] y) { y = Neg (x) }"
LOGIT = "g (float[N,3] x) => (float[N,1] y) <float[3,1] w = {1, 1, 1}> { y = MatMul (x, w) }"
PROBABILITY = LOGIT.replace("y = MatMul (x, w)", "p = MatMul (x, w) y = Sigmoid (p)")
VALUES = "g (float[N,3] x) => (float[N,3] box) { box = Identity (x) }"


def compared(before, after):
    """The comparison of two models."""
    original = model(before)
    return compare(original, model(after), made_samples(original, observe(original), Request(64, seed=1)))


def test_classifier_beside_itself_says_the_same():
    found = compared(COPY, COPY)
    assert (found.agreement, found.output_error, found.n_inputs) == (1, 0, 64)


@pytest.mark.parametrize("text", [LOGIT, PROBABILITY], ids=["logit", "probability"])
def test_one_score_beside_itself_keeps_its_order(text):
    found = compared(text, text)
    assert (found.agreement, found.changes[0].order) == (None, 1)


def test_scores_that_moved_without_changing_the_class_are_the_same_answers():
    found = compared(COPY, SHIFTED)
    assert found.agreement == 1
    assert found.output_error > 1


def test_classes_that_changed_are_other_answers():
    assert compared(COPY, NEGATED).agreement < 0.2


@pytest.mark.parametrize("text", [LOGIT, PROBABILITY], ids=["logit", "probability"])
def test_one_score_that_turns_around_loses_its_order(text):
    turned = compared(text, text.replace("{1, 1, 1}", "{-1, -1, -1}"))
    assert turned.changes[0].order == pytest.approx(-1)


def test_outputs_that_are_no_classes_have_no_agreement():
    assert compared(VALUES, VALUES).agreement is None


def test_large_models_are_compared_with_little_memory(monkeypatch):
    seen = []
    original = fidelity.Session

    def session(found, **settings):
        seen.append(settings)
        return original(found, **settings)

    monkeypatch.setattr(fidelity, "Session", session)
    monkeypatch.setattr(fidelity, "LOW_MEMORY_BYTES", -1)
    assert compared(COPY, COPY).agreement == 1
    assert seen == [{"optimise": True, "low_memory": True}] * 2


@pytest.mark.parametrize("least", [-1, 1 << 28], ids=["large", "small"])
def test_models_that_cannot_be_optimised_are_compared_as_they_are_without_a_latency(least, monkeypatch):
    original = fidelity.Session

    def session(found, **settings):
        if settings:
            raise ModelError("it does not load")
        return original(found)

    monkeypatch.setattr(fidelity, "Session", session)
    monkeypatch.setattr(fidelity, "LOW_MEMORY_BYTES", least)
    found = compared(COPY, NEGATED)
    assert found.agreement < 0.2
    assert found.latency is None


FOUND = """g (float[1,3] x) => (float[1,3] y, int64[2,k] z)
    <float[3] level = {0, 0, 0}, float zero = {0}> { y = Add (x, level) b = Greater (y, zero) z = NonZero (b) }"""
"""One output has as many columns as there are numbers above zero."""


def test_output_that_grew_or_shrank_is_named_and_compared_where_it_did_not():
    original = model(FOUND)
    raised = model(FOUND.replace("{0, 0, 0}", "{0, 1.5, 0}"))
    rows = [np.array([[0.1, a, -1.0]], np.float32) for a in (-1.0, 1.0, -2.0)]
    found = compare(original, raised, Samples(tuple({"x": row} for row in rows), "rows"))
    assert [change.output for change in found.changes] == ["y", "z"]
    assert found.apart == ("z",)
    assert compare(original, original, Samples(tuple({"x": row} for row in rows), "rows")).apart == ()


BENT = "g (float[N,3] x) => (float[N,3] box) { c = Constant <value_float=3.0> () box = Min (x, c) }"


def test_model_that_differs_on_large_numbers_alone_is_found_out_by_noise():
    found = compared(VALUES, BENT)
    assert len(found.astray) == 3
    assert found.changes[0].typical < 0.05 < max(change.typical for change in found.astray)


def few_first(before, after):
    """The comparison of two models by a first look, and how often more inputs were asked for."""
    original, asked = model(before), []

    def inputs(count):
        return made_samples(original, observe(original), Request(count, seed=1))

    found = compare_by_few(original, model(after), inputs(FEW), lambda _: asked.append(1) or inputs(32))
    return found, len(asked)


def test_ruined_model_is_told_by_few_inputs_and_that_is_said():
    found, n_asked = few_first(
        VALUES, VALUES.replace("box = Identity (x)", "c = Constant <value_float=-9.0> () box = Mul (x, c)")
    )
    assert (found.n_inputs, n_asked) == (FEW, 0)
    assert found.inputs.endswith(ENOUGH)


@pytest.mark.parametrize("after", [VALUES, BENT], ids=["same", "nearly"])
def test_model_that_is_not_ruined_is_compared_on_more_as_well(after):
    found, n_asked = few_first(VALUES, after)
    assert (found.n_inputs, n_asked) == (FEW + 32, 1)
    assert ENOUGH not in found.inputs
    assert len(found.astray) == 3


def test_inputs_that_the_model_does_not_take_are_no_first_look():
    original = model(VALUES)
    wrong = Samples(({"x": np.zeros((4, 5), np.float32)},), "rows of another length")
    more = made_samples(original, observe(original), Request(32, seed=1))
    assert compare_by_few(original, original, wrong, lambda _: more).n_inputs == 32


def test_each_model_is_loaded_once_and_run_once_on_each_input(monkeypatch):
    runs = []
    original = fidelity.Session

    class Counting(original):
        def run(self, feeds, only=None):
            runs.append((id(self), len(feeds["x"])))
            return super().run(feeds, only)

    monkeypatch.setattr(fidelity, "Session", Counting)
    few_first(VALUES, VALUES)
    with_noise = [FEW, 32, 16, 16, 16]
    assert len({session for session, _ in runs}) == 2
    assert sorted(count for _, count in runs) == sorted(2 * with_noise)


TAGS = "g (int64[N,6] ids) => (float[N,6,4] y) <float[50,4] table> { a = Gather (table, ids) y = Softmax (a) }"


def test_classes_of_tokens_are_compared_token_by_token_and_those_of_steps_as_sequences():
    assert compared(TAGS, TAGS).changes[0].kind is Kind.TAGS
    steps = "g (float[N,6,4] x) => (float[N,6,4] y) { y = Softmax (x) }"
    assert compared(steps, steps).changes[0].kind is Kind.SEQUENCE


def test_one_number_of_each_run_is_compared_over_all_runs():
    one = "g (float[3] x) => (float y) <float[3] w = {1, 1, 1}> { m = Mul (x, w) y = ReduceSum <keepdims=0> (m) }"
    turned = one.replace("{1, 1, 1}", "{-1, -1, -1}")
    runs = tuple({"x": row} for row in np.random.default_rng(0).standard_normal((20, 3)).astype(np.float32))
    found = compare(model(one), model(turned), Samples(runs, "rows", is_bare=True))
    assert found.changes[0].order == pytest.approx(-1)
