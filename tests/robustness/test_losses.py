"""The loss that attacks climb: its values, its derivative, and the tensor it is computed at."""

from __future__ import annotations

import numpy as np
import pytest

from paoding_onnx.evaluation.predictions import Form, Task
from paoding_onnx.gradients.freeze import record
from paoding_onnx.robustness.losses import Loss, loss_point
from tests.models import model

LABELS = np.array([0, 2, 1])


SCORES = np.random.default_rng(0).standard_normal((3, 3))


@pytest.mark.parametrize(
    ("loss", "scores", "labels"),
    [
        (Loss(Task.CLASSES, from_logits=True), SCORES, LABELS),
        (Loss(Task.CLASSES, from_logits=False), np.exp(SCORES) / np.exp(SCORES).sum(axis=1, keepdims=True), LABELS),
        (Loss(Task.BINARY, from_logits=True), SCORES[:, :1], np.array([0, 1, 1])),
        (Loss(Task.BINARY, from_logits=False), 1 / (1 + np.exp(-SCORES[:, :1])), np.array([0, 1, 1])),
    ],
)
def test_derivative_of_the_loss_is_its_slope(loss, scores, labels):
    direction, size = loss.derivative(scores, labels)
    assert np.abs(direction).max(axis=1) == pytest.approx(1)
    for column in range(scores.shape[1]):
        way = 1e-6 * (np.arange(scores.shape[1]) == column)
        measured = (loss.values(scores + way, labels) - loss.values(scores - way, labels)) / 2e-6
        wanted = direction[:, column] * size
        if loss == Loss(Task.CLASSES, from_logits=False):  # from probabilities, values are normalised first
            wanted = wanted + 1
        np.testing.assert_allclose(measured, wanted, rtol=1e-5)


def test_losses_are_scikit_learns():
    loss = Loss(Task.CLASSES, from_logits=True)
    assert loss.values(np.array([[1.0, 2, 3]]), np.array([0])) == pytest.approx(2.407605964444380)
    assert Loss(Task.BINARY, from_logits=True).values(np.array([[2.0]]), np.array([0])) == pytest.approx(2.126928)


@pytest.mark.parametrize(
    ("text", "task", "form", "tensor"),
    [
        ("z = Neg (x) y = Softmax (z)", Task.CLASSES, Form.PROBABILITIES, "z"),
        (
            "z = Neg (x) e = Exp (z) s = ReduceSum <keepdims=1> (e, a) y = Div (e, s)",
            Task.CLASSES,
            Form.PROBABILITIES,
            "z",
        ),
        ("z = Neg (x) s = Softmax (z) y = Identity (s)", Task.CLASSES, Form.PROBABILITIES, "z"),
        ("z = Neg (x) y = Sigmoid (z)", Task.CLASSES, Form.SCORES, "z"),
        ("y = Neg (x)", Task.CLASSES, Form.LOGITS, "y"),
        ("z = Abs (x) s = ReduceSum (z, a) y = Div (z, s)", Task.CLASSES, Form.PROBABILITIES, "y"),
    ],
)
def test_loss_is_computed_at_the_logits_wherever_they_are(text, task, form, tensor):
    subject = record(
        model(f"g (float[N,3] x) => (float[N,3] y) <int64[1] a={{1}}> {{ {text} }}"),
        {"x": SCORES.astype(np.float32)},
    )
    point = loss_point(subject, "y", task, form)
    assert point.tensor == tensor
    assert point.loss.from_logits == (tensor != "y" or form is not Form.PROBABILITIES)
