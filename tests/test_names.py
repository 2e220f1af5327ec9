"""The words that users may choose from are those that the stages know."""

from __future__ import annotations

from typing import get_args

from paoding_onnx.calibration.samples import InputOptions
from paoding_onnx.evaluation.predictions import Task
from paoding_onnx.names import ALLOCATIONS, BUDGETS, KINDS, METHOD_NAMES, TASKS, Allocation, Budget, Prefer
from paoding_onnx.options import Options
from paoding_onnx.samplers import METHODS


def test_words_of_types_are_those_that_are_listed():
    assert (get_args(Budget), get_args(Allocation)) == (BUDGETS, ALLOCATIONS)


def test_every_method_that_can_be_named_is_registered():
    assert tuple(METHODS) == METHOD_NAMES


def test_every_task_can_be_named():
    assert set(Task) == set(TASKS)


def test_defaults_are_words_that_can_be_chosen():
    assert Options().method in METHOD_NAMES
    assert Options().budget in BUDGETS
    assert Options().allocation in ALLOCATIONS
    assert InputOptions().kind in KINDS


def test_what_shrinks_is_told_by_the_word_that_users_write():
    assert [str(prefer) for prefer in Prefer] == ["auto", "blocks", "positions"]
    assert Prefer("blocks") is Prefer.BLOCKS
