"""Loss and gradients: against finite differences, for every kind of layer, with and without the batch's statistics."""

from __future__ import annotations

import numpy as np
import pytest

from paoding_onnx.errors import ModelError
from paoding_onnx.model.nodes import Array
from paoding_onnx.recovery.engine import Engine
from tests.reconstruction.fitted import NORMED, STRUCTURES
from tests.recovery.lessons_for import batch_of, lesson_of, slope_along, student_of


def assert_gradients_are_right(student):
    engine, weights, batch = Engine(student.network), student.network.weights, batch_of(student)
    found = engine.loss_and_gradients(weights, batch)
    assert found.loss == pytest.approx(engine.loss(weights, batch), rel=1e-5)
    assert found.gradients.keys() == weights.keys()
    for name, gradient in found.gradients.items():
        assert gradient.shape == weights[name].shape
        way: Array = gradient / max(float(np.linalg.norm(gradient)), 1e-9)
        expected = float((gradient * way).sum())
        assert slope_along(student, name, way) == pytest.approx(expected, rel=0.05, abs=2e-3), name


@pytest.mark.parametrize("name", sorted(STRUCTURES))
def test_gradients_are_the_slopes_of_the_loss(name):
    assert_gradients_are_right(student_of(lesson_of(STRUCTURES[name])))


def test_gradients_go_through_the_statistics_of_the_batch():
    student = student_of(lesson_of(NORMED, uses_batch=True))
    assert student.network.uses_batch
    assert_gradients_are_right(student)


def test_node_without_a_gradient_is_named():
    text = """g (float[N,3,9,9] x) => (float[N,2,5,5] y) <float[6,3,1,1] a, float[2,6,1,1] b> {
      p = Conv (x, a) [overhanging] q = AveragePool <kernel_shape=[2,2], strides=[2,2], ceil_mode=1> (p)
      y = Conv (q, b) }"""
    with pytest.raises(ModelError, match="no exact gradient: AveragePool 'overhanging'"):
        Engine(student_of(lesson_of(text)).network)
