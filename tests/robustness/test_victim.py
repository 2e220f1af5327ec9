"""The model under attack: what it takes, its losses, the slope of its loss, refused where that is wrong or missing."""

from __future__ import annotations

import math

import numpy as np
import pytest

from paoding_onnx.errors import ModelError, UsageError
from paoding_onnx.evaluation.dataset import ArraySamples, Range
from paoding_onnx.evaluation.evaluate import EvaluateOptions
from paoding_onnx.evaluation.predictions import Form, Task
from paoding_onnx.robustness import gradients
from paoding_onnx.robustness import victim as module
from paoding_onnx.robustness.attacks import Attack
from paoding_onnx.robustness.victim import Victim, slopes
from tests.models import model

UNIT = Range(np.array(0.0), np.array(1.0))
LINE = """g (float[N,2] x) => (float[N,2] y) <float[2,2] w={1,-1,0,0}, float[2] b={-0.5,0.5}>
{ z = MatMul (x, w) y = Add (z, b) }"""
"""Class 0 where the first value is above a half; logits 2 x - 1 apart."""
SOFTMAX = LINE.replace("y = Add (z, b)", "l = Add (z, b) y = Softmax (l)")
SIGMOID = """g (float[N,2] x) => (float[N,1] y) <float[2,1] w={8,0}, float[1] b={-4}>
{ z = MatMul (x, w) l = Add (z, b) y = Sigmoid (l) }"""
ONE_AT_A_TIME = LINE.replace("{ z =", "{ s = Constant <value_ints=[1,2]> () r = Reshape (x, s) z =").replace(
    "(x, w)", "(r, w)"
)
X = np.array([[0.9, 0.1], [0.55, 0.9], [0.45, 0.2], [0.2, 0.5], [0.52, 0.3], [0.1, 0.1]], np.float32)
LABELS = np.array([0, 0, 1, 1, 0, 0])
SAMPLES = ArraySamples({"x": X}, LABELS)


def attacked(text, labelled=SAMPLES, **options):
    """The victim that ONNX text describes."""
    return Victim(model(text), labelled, EvaluateOptions(**options))


@pytest.mark.parametrize(
    ("text", "labels", "task", "form"),
    [
        (LINE, LABELS, Task.CLASSES, Form.LOGITS),
        (SOFTMAX, LABELS, Task.CLASSES, Form.PROBABILITIES),
        (SIGMOID, 1 - LABELS, Task.BINARY, Form.PROBABILITIES),
    ],
)
def test_task_and_form_are_found_from_the_outputs(text, labels, task, form):
    found = attacked(text, ArraySamples({"x": X}, labels))
    assert (found.input, found.output, found.task, found.form) == ("x", "y", task, form)


def test_samples_that_get_their_label_are_right():
    assert attacked(LINE).is_right(X, LABELS).tolist() == [True] * 5 + [False]


@pytest.mark.parametrize("text", [LINE, SOFTMAX])
def test_loss_is_the_cross_entropy_of_logits_or_probabilities(text):
    wanted = np.log1p(np.exp((1 - 2 * X[:, 0]) * (1 - 2 * LABELS)))
    np.testing.assert_allclose(attacked(text).losses(X, LABELS), wanted, rtol=1e-5)


def test_loss_of_one_score_is_its_log_loss():
    labels = 1 - LABELS
    found = attacked(SIGMOID, ArraySamples({"x": X}, labels)).losses(X, labels)
    np.testing.assert_allclose(found, np.log1p(np.exp((1 - 2 * labels) * (8 * X[:, 0] - 4))), rtol=1e-4)


def test_open_batches_are_tried_at_a_few_sizes_and_fixed_ones_at_theirs():
    assert attacked(LINE).rows_to_try == (module.MOST_ROWS, 1)
    assert attacked(LINE.replace("N", "4")).rows_to_try == (4,)


@pytest.mark.parametrize(
    ("text", "arrays", "words"),
    [
        ("g (int64[N,2] x) => (float[N,2] y) { y = Cast <to=1> (x) }", {"x": X}, r"this one has 'x' \(int64\)"),
        ("g (float[N,2] a, float[N,2] b) => (float[N,2] y) { y = Add (a, b) }", {"a": X, "b": X}, "with one input"),
    ],
)
def test_model_without_one_input_of_floats_is_refused(text, arrays, words):
    with pytest.raises(UsageError, match=words):
        attacked(text, ArraySamples(arrays, LABELS))


def test_values_are_not_attacked():
    with pytest.raises(UsageError, match="labels that are classes of the output, not values"):
        attacked(LINE, ArraySamples({"x": X}, X))
    with pytest.raises(UsageError, match="not values"):
        attacked(LINE, ArraySamples({"x": X}, X), task="values")


@pytest.mark.parametrize("text", [LINE, SOFTMAX])
def test_direction_has_the_signs_of_the_slope(text):
    found = slopes(attacked(text), SAMPLES, Attack(), UNIT)
    inputs = np.resize(X, (found.n_rows, 2))
    labels = np.resize(LABELS, found.n_rows)
    wanted = np.stack([2.0 * labels - 1, np.zeros(found.n_rows)], axis=1)  # logit 0 falls towards label 1
    assert np.array_equal(np.sign(found.direction(inputs, labels)), wanted)
    assert found.disagreement < 0.01


def test_estimate_of_a_black_box_has_the_signs_of_the_slope():
    found = slopes(attacked(LINE), SAMPLES, Attack(black_box=True), UNIT)
    assert np.array_equal(np.sign(found.direction(X, LABELS))[:, 0], 2 * LABELS - 1)
    assert math.isnan(found.disagreement)


def test_model_that_takes_one_row_at_a_time_gets_one():
    assert slopes(attacked(ONE_AT_A_TIME), SAMPLES, Attack(), UNIT).n_rows == 1


def test_model_that_runs_at_no_size_is_a_model_error(monkeypatch):
    subject = attacked(LINE)

    def refuse(*_):
        raise ModelError("it does not run")

    monkeypatch.setattr(module, "record", refuse)
    with pytest.raises(ModelError, match="it does not run"):
        slopes(subject, SAMPLES, Attack(), UNIT)


def test_gradient_that_finite_differences_contradict_is_refused(monkeypatch):
    monkeypatch.setattr(gradients.Gradient, "disagreement", lambda *_: 0.5)
    with pytest.raises(ModelError, match=r"not the slope of the model: finite differences are 50% off; --black-box"):
        slopes(attacked(LINE), SAMPLES, Attack(), UNIT)
