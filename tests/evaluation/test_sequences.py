"""Sequences say what their order says, tags are told place by place, and what most places say is left out of both."""

from __future__ import annotations

import numpy as np

from paoding_onnx.evaluation.sequences import blank_of, merged, tags_kept


def test_class_of_just_half_of_the_places_is_no_blank():
    assert blank_of(np.array([4, 4, 1, 2])) == blank_of(np.array([], np.int64)) == -2


def test_sequences_that_last_longer_are_the_same():
    first, second = merged(np.array([[0, 1, 1, 0, 2], [0, 0, 1, 2, 0]]), 0)
    np.testing.assert_array_equal(first, second)


def test_class_that_is_said_twice_with_a_blank_between_is_two():
    assert merged(np.array([[3, 0, 3]]), 0).tolist() == [[3, 3, -2]]


def test_tags_that_are_gone_and_tags_that_are_new_both_count():
    before, after = np.array([0, 0, 0, 0, 7, 7]), np.array([0, 0, 0, 7, 7, 0])
    assert tags_kept(before, after) == 1 / 3
    assert tags_kept(after, before) == 1 / 3


def test_places_that_all_say_nothing_kept_it():
    assert tags_kept(np.zeros(5, np.int64), np.zeros(5, np.int64)) == 1
