"""A pruned model beside its original on synthetic inputs: how many answers are the same, how far outputs moved."""

from __future__ import annotations

import numpy as np
import pytest

from paoding_onnx.calibration.amount import made_samples
from paoding_onnx.calibration.samples import Request, Samples
from paoding_onnx.errors import ModelError
from paoding_onnx.evaluation import fidelity
from paoding_onnx.evaluation.fidelity import compare
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
