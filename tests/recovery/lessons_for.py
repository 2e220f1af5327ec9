"""What the tests of recovery share: small networks that lost units, with all that it takes to teach them."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from paoding_onnx.calibration.samples import Samples
from paoding_onnx.context import Run
from paoding_onnx.model.nodes import Array
from paoding_onnx.recovery.course import Course
from paoding_onnx.recovery.engine import Engine
from paoding_onnx.recovery.lesson import Lesson
from paoding_onnx.recovery.points import points_of
from paoding_onnx.recovery.pool import HELD_BACK, Pool
from paoding_onnx.recovery.student import Student, enrol
from paoding_onnx.recovery.tail import Place, place_at
from paoding_onnx.shapes.observe import first_two, observe_on
from paoding_onnx.surgery.cut import cut
from tests.models import model, random_plan
from tests.pruning import feeds, traced_model

ROWS = 16


def lesson_of(text: str, *, uses_batch: bool = False, n_batches: int = 8) -> Lesson:
    """A network of ONNX text, cut at random, and random inputs to teach it on."""
    subject = model(text)
    trace = traced_model(subject)
    plan = random_plan(trace)
    samples = Samples(tuple(feeds(subject, (ROWS,) * n_batches)), "random", is_synthetic=uses_batch)
    return Lesson(subject, trace, plan, cut(subject, trace, plan), samples, uses_batch)


def place_of(lesson: Lesson, start: int = 0) -> Place:
    """The smaller network, trained from node number `start` on."""
    graph = observe_on(lesson.smaller, first_two(lesson.trace.graph, lesson.samples.batches[0]))
    return place_at(lesson.smaller, graph, start, (*graph.outputs, *points_of(graph, start)))


def student_of(lesson: Lesson, start: int = 0) -> Student:
    """The smaller network made ready to learn."""
    arrays = lesson.samples.arrays
    pool = Pool(arrays, lesson.samples.n_samples, max(lesson.samples.n_samples // HELD_BACK // ROWS, 1) * ROWS)
    place = place_of(lesson, start)
    return enrol(lesson, Course(place, 1, pool.count, ROWS, ROWS), pool, Run())


def batch_of(student: Student) -> Mapping[str, Array]:
    """What one step reads."""
    return student.drawn(np.random.default_rng(0))


def slope_along(student: Student, name: str, way: Array, step: float = 3e-3) -> float:
    """How fast the loss rises as one weight moves along `way`, by finite differences."""
    engine, weights, batch = Engine(student.network), student.network.weights, batch_of(student)
    high, low = (engine.loss({**weights, name: weights[name] + sign * step * way}, batch) for sign in (1, -1))
    return (high - low) / (2 * step)
