"""What is trained, for how long and on what: within work and memory, fewer steps of a later part where need be."""

from __future__ import annotations

from dataclasses import replace

import pytest

from paoding_onnx.context import Run
from paoding_onnx.errors import ModelError
from paoding_onnx.recovery.course import PER_STEP, ROWS, course_of
from paoding_onnx.recovery.engine import Engine
from paoding_onnx.recovery.lesson import Effort
from paoding_onnx.recovery.recover import recover
from paoding_onnx.recovery.work import work_of
from tests.pruning import CNN
from tests.recovery.lessons_for import lesson_of

MEMORY = 1 << 29
STEPS = 100


def course(work, memory=MEMORY, **options):
    return course_of(lesson_of(CNN, n_batches=16, **options), Effort(STEPS, 1e-3, work), memory)


def work_of_step(found):
    place = found.place
    return work_of(place.graph, 2).step(place.tail, ROWS, 1)


def test_all_steps_are_gone_from_the_best_place_where_work_allows():
    found = course(1e12)
    assert (found.steps, found.rows, found.batches_a_step) == (STEPS, ROWS, 1)
    assert found.n_inputs == PER_STEP * STEPS


def test_more_steps_are_gone_where_they_are_cheap_and_no_other_part_is_trained():
    lesson, asked = lesson_of(CNN, n_batches=16), course(1e12)
    most = Effort(STEPS, 1e-3, 2.5 * STEPS * work_of_step(asked), most=4 * STEPS)
    found = course_of(lesson, most, MEMORY)
    assert found.place.start == asked.place.start
    assert found.steps == 2.5 * STEPS
    assert course_of(lesson, replace(most, work=1e12), MEMORY).steps == 4 * STEPS


def test_later_part_is_trained_where_that_is_all_that_the_work_allows():
    whole = course(1e12)
    part = course(0.5 * STEPS * work_of_step(whole))
    assert part.place.start > whole.place.start
    assert part.steps == STEPS


def test_fewer_steps_are_better_than_none():
    found = course(5e7)
    assert STEPS / 5 <= found.steps < STEPS
    assert found.steps * work_of_step(found) <= 5e7


def test_work_bounds_the_inputs_that_both_networks_are_asked_about():
    assert course(1e8).n_inputs < course(1e12).n_inputs


def test_too_little_work_is_refused():
    with pytest.raises(ModelError, match="as much work and memory as the effort allows"):
        course(1e3)


def test_little_memory_takes_fewer_inputs_at_a_time():
    found = course(1e12, memory=1 << 21)
    assert 0 < found.rows < ROWS
    assert found.batches_a_step == ROWS // found.rows
    assert found.rows_to_ask <= ROWS


def test_no_memory_is_refused():
    with pytest.raises(ModelError, match="as much work and memory as the effort allows"):
        course(1e12, memory=1 << 8)


def test_outputs_before_the_part_that_is_trained_are_no_targets():
    text = CNN.replace("(float[N,5] y)", "(float[N,5] y, float[N,16,1,1] u)")
    lesson = lesson_of(text, n_batches=16)
    work = 0.5 * STEPS * work_of_step(course_of(lesson, Effort(STEPS, 1e-3, 1e12), MEMORY))
    found = course_of(lesson, Effort(STEPS, 1e-3, work), MEMORY)
    assert "y" in found.place.targets
    assert "u" not in found.place.targets
    recover(lesson, Effort(STEPS, 1e-2, work), Run(), Engine)
