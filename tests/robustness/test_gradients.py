"""Gradients of the loss: the slope that finite differences say, however sure the model is, or a refusal."""

from __future__ import annotations

import numpy as np
import onnx
import pytest

from paoding_onnx.errors import ModelError
from paoding_onnx.evaluation.predictions import Form, Task
from paoding_onnx.gradients import reverse
from paoding_onnx.gradients.freeze import freeze
from paoding_onnx.model.session import Session
from paoding_onnx.robustness import gradients as module
from paoding_onnx.robustness.gradients import Gradient
from paoding_onnx.robustness.losses import Loss, LossPoint, loss_point
from tests.slopes import in_double, studied

RELU = """g (float[N,3] x) => (float[N,2] y) <float[3,8] a, float[8,2] b> {
  h = MatMul (x, a) r = Relu (h) y = MatMul (r, b)
}"""
ROWS = np.random.default_rng(0).standard_normal((4, 3)).astype(np.float32)
LABELS = np.array([0, 1, 1, 0])
LOGITS = Loss(Task.CLASSES, from_logits=True)


def test_gradient_of_the_loss_is_its_slope():
    subject = studied(RELU, ROWS)
    gradient = Gradient(subject, "x", LossPoint("y", LOGITS))
    found = gradient(ROWS, LABELS)
    function = in_double(subject, "x", "y")
    for way in np.random.default_rng(1).standard_normal((5, 4, 3)):
        high, low = (LOGITS.values(function(ROWS + sign * 1e-6 * way), LABELS) for sign in (1, -1))
        np.testing.assert_allclose((found * way).sum(axis=1), (high - low) / 2e-6, rtol=1e-3, atol=1e-6)
    assert gradient.disagreement(ROWS, LABELS, 1.0) < 0.01


@pytest.mark.parametrize("gap", [1.0, 30.0, 1000.0])
def test_gradient_of_a_sure_model_keeps_its_direction(gap):
    text = f"""g (float[1,2] x) => (float[1,3] y) <float[2,3] w={{1,2,3,4,5,6}}, float[3] b={{{gap},0,0}}>
    {{ z = MatMul (x, w) l = Add (z, b) y = Softmax (l) }}"""
    subject = studied(text, np.zeros((1, 2), np.float32))
    point = loss_point(subject, "y", Task.CLASSES, Form.PROBABILITIES)
    assert point.tensor == "l"
    direction, _ = Gradient(subject, "x", point).direction(np.zeros((1, 2), np.float32), np.array([0]))
    np.testing.assert_allclose(direction, [[1.5, 1.5]], rtol=1e-6)


def test_numbers_of_sixteen_bits_are_widened():
    text = """g (float16[N,3] x) => (float16[N,2] y) <float[3,2] w> { v = Cast <to=10> (w) y = MatMul (x, v) }"""
    subject = studied(text, ROWS.astype(np.float16))
    forward = freeze(subject, "y")
    assert forward.graph.input[0].type.tensor_type.elem_type == onnx.TensorProto.FLOAT
    assert Gradient(subject, "x", LossPoint("y", LOGITS)).disagreement(ROWS.astype(np.float16), LABELS, 1.0) < 0.02


def test_model_that_drifts_when_it_is_prepared_is_refused(monkeypatch):
    subject = studied(RELU, ROWS)
    other = studied(RELU.replace("Relu", "Abs"), ROWS)
    monkeypatch.setattr(reverse, "freeze", lambda *rest: freeze(other, "y"))
    with pytest.raises(ModelError, match="the model drifts by"):
        Gradient(subject, "x", LossPoint("y", LOGITS))


def test_flat_models_have_no_disagreement():
    text = "g (float[N,3] x) => (float[N,3] y) { f = Floor (x) y = Softmax <axis=1> (f) }"
    gradient = Gradient(studied(text, ROWS), "x", LossPoint("f", LOGITS))
    assert np.isnan(gradient.disagreement(ROWS, LABELS, 1.0))


def test_reverse_pass_that_does_not_run_is_refused_with_a_way_out(monkeypatch):
    class NoReverse(Session):
        """A session that runs no optimised model: the reverse pass is the only one."""

        def __init__(self, found, *, optimise=False):
            super().__init__(found)
            self.is_reverse = optimise

        def run(self, feeds):
            if self.is_reverse:
                raise ModelError("it does not run")
            return super().run(feeds)

    monkeypatch.setattr(module, "Session", NoReverse)
    gradient = Gradient(studied(RELU, ROWS), "x", LossPoint("y", LOGITS))
    with pytest.raises(ModelError, match="in the reverse pass, it does not run; --black-box estimates it"):
        gradient(ROWS, LABELS)
