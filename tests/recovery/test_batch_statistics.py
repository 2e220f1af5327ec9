"""Normalizations that go by the batch, spelled out, and the closed map to statistics for real data."""

from __future__ import annotations

import numpy as np

from paoding_onnx.recovery.batch_statistics import FARTHEST, mapped
from paoding_onnx.recovery.engine import Engine
from tests.reconstruction.fitted import NORMED
from tests.recovery.lessons_for import batch_of, lesson_of, student_of

ONE, ZERO = np.ones(3), np.zeros(3)


def test_network_that_learned_nothing_stores_what_the_original_does():
    stored, seen = (np.arange(3.0), ONE * 2), (ONE * 0.5, ONE * 3)
    mean, variance = mapped(stored, seen, seen)
    np.testing.assert_allclose(mean, stored[0])
    np.testing.assert_allclose(variance, stored[1])


def test_channel_on_another_scale_stores_statistics_on_that_scale():
    mean, variance = mapped((ONE, ONE * 4), (ZERO, ONE * 4), (ZERO, ONE * 16))
    np.testing.assert_allclose(mean, 2, rtol=1e-4)
    np.testing.assert_allclose(variance, 16, rtol=1e-4)


def test_channel_that_died_does_not_explode():
    _, variance = mapped((ONE, ONE), (ZERO, ONE), (ZERO, ZERO))
    assert variance.min() >= 0.9 / FARTHEST


def test_level_of_the_inputs_of_a_normalization_makes_no_difference():
    """The bias before a normalization is what the batch's mean takes away."""
    student = student_of(lesson_of(NORMED, uses_batch=True))
    engine, weights, batch = Engine(student.network), student.network.weights, batch_of(student)
    louder = {**weights, "b": 3 * weights["b"]}
    assert abs(engine.loss(louder, batch) - engine.loss(weights, batch)) < 0.02 * engine.loss(weights, batch)
