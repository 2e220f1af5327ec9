"""The network made ready to learn: what is held back, what a step reads, what is wanted."""

from __future__ import annotations

import numpy as np

from paoding_onnx.context import Run
from paoding_onnx.model.read import constants
from paoding_onnx.model.session import Session
from paoding_onnx.recovery.engine import Engine
from tests.pruning import CNN, MLP
from tests.reconstruction.fitted import NORMED
from tests.recovery.lessons_for import ROWS, lesson_of, student_of


def test_weights_are_those_of_the_file():
    lesson = lesson_of(MLP)
    network = student_of(lesson).network
    stored = constants(lesson.smaller)
    assert network.weights.keys() == set(network.trained.names)
    assert all(np.array_equal(value, stored[name]) for name, value in network.weights.items())


def test_inputs_that_are_held_back_are_never_learned_from():
    student = student_of(lesson_of(MLP))
    held = {row.tobytes() for row in student.features["x"].rows(slice(0, student.n_held))}
    rng = np.random.default_rng(0)
    drawn = {row.tobytes() for _ in range(20) for row in student.drawn(rng)["x"]}
    assert student.n_held == ROWS
    assert held.isdisjoint(drawn)


def test_original_is_asked_for_what_stays():
    lesson = lesson_of(CNN)
    student = student_of(lesson)
    feed = lesson.samples.batches[0]
    original = Session(lesson.original, watch=["q"]).run(feed)
    kept = lesson.trace.kept_part("q", original["q"], lesson.plan.removed)
    np.testing.assert_allclose(student.wanted["q"].rows(slice(0, ROWS)), kept, rtol=1e-2, atol=1e-2)
    np.testing.assert_allclose(student.wanted["y"].rows(slice(0, ROWS)), original["y"], rtol=1e-2, atol=1e-3)


def test_head_runs_once_and_is_frozen():
    student = student_of(lesson_of(CNN), start=4)
    assert set(student.features) == {"t"} or "x" not in student.features
    assert {"a", "d"}.isdisjoint(student.network.trained.names)


def test_statistics_follow_the_weights():
    student = student_of(lesson_of(NORMED, uses_batch=True))
    before = student.statistics({}, Run())
    after = student.statistics({"b": 2 * student.network.weights["b"]}, Run())
    np.testing.assert_allclose(after["v"], 4 * before["v"], rtol=1e-3)


def test_loss_on_inputs_held_back_is_a_mean():
    student = student_of(lesson_of(MLP, n_batches=32))
    engine = Engine(student.network)
    assert student.n_held == 4 * ROWS
    assert student.held_back(lambda *_: 2.0, {}) == 2.0
    assert student.held_back(engine.loss, student.network.weights) > 0


def test_distance_of_outputs_is_that_of_the_inputs_held_back():
    student = student_of(lesson_of(MLP, n_batches=32))
    engine, weights = Engine(student.network), student.network.weights
    wanted = {name: student.wanted[name].rows(slice(0, ROWS)) for name in ("y",)}
    assert student.off(lambda *_: wanted, weights) > 0  # these are those of the first part alone
    assert student.off(engine.answers, weights) > 0
    original = iter([{"y": student.wanted["y"].rows(slice(k, k + ROWS))} for k in range(0, 4 * ROWS, ROWS)])
    assert student.off(lambda *_: next(original), weights) == 0
