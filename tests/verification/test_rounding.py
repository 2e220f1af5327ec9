"""ROUNDING: each channel is held to numbers of its own size, and to no more than rounding was seen to do."""

from __future__ import annotations

import numpy as np
import pytest

from paoding_onnx.verification.rounding import NOISE_FACTOR, TOLERANCE, excess

ROWS = np.array([[1000.0, 1.0, 2.0], [-500.0, 3.0, -4.0]], np.float32)


def changed(by, where=(0, 1), of=ROWS):
    """A copy in which one number is another."""
    other = of.copy()
    other[where] += np.asarray(by, of.dtype)
    return other


def test_equal_tensors_do_not_differ():
    assert excess(ROWS, ROWS.copy()) == 0


def test_what_is_allowed_is_a_share_of_the_largest_number_of_the_channel():
    column = np.array([[4.0], [1.0]])
    assert excess(column, column + 2 * TOLERANCE) == pytest.approx(0.5)


def test_large_channel_does_not_hide_a_small_one():
    assert excess(ROWS, changed(0.01)) > 1 > excess(ROWS, changed(0.005, (0, 0)))


def test_small_channel_is_not_held_to_less_than_a_share_of_the_largest():
    assert excess(ROWS, changed(5e-4)) < 1 < excess(ROWS, changed(5e-3))


def test_each_position_of_the_last_axis_counts_as_a_channel_too():
    tokens = np.ones((1, 2, 2), np.float32)
    tokens[..., 0] = 50
    assert excess(tokens, changed(1e-4, (0, 0, 1), tokens)) > 1


def test_floor_gives_small_numbers_room():
    tiny = ROWS * np.float32(1e-6)
    assert excess(tiny, tiny + np.float32(1e-6)) > 1 > excess(tiny, tiny + np.float32(1e-6), floor=1.0)


def test_difference_that_rounding_explains_is_allowed():
    noise = [changed([0.1, 0.1, 0.1], (slice(None),))]
    assert excess(ROWS, changed(0.1 * NOISE_FACTOR)) > 1
    assert excess(ROWS, changed(0.1 * NOISE_FACTOR), noise=noise) < 1
    assert excess(ROWS, changed(0.2 * NOISE_FACTOR), noise=noise) > 1


def test_channel_that_changed_little_by_chance_is_measured_again():
    lucky, other = changed([0.1, 0.0, 0.1], (slice(None),)), changed([0.0, 0.1, 0.1], (slice(None),))
    difference = changed([0, 0.15 * NOISE_FACTOR, 0], (slice(None),))
    assert excess(ROWS, difference, noise=[lucky]) > 1
    assert excess(ROWS, changed(0.1 * NOISE_FACTOR), noise=[lucky, other]) < 1


def test_rounding_in_one_channel_explains_nothing_in_others():
    assert excess(ROWS, changed(0.5), noise=[changed(10, (0, 2))]) > 1


def test_noise_of_another_shape_explains_nothing():
    assert excess(ROWS, changed(0.5), noise=[np.zeros((3, 3), np.float32)]) > 1


@pytest.mark.parametrize("number", [np.nan, np.inf])
def test_what_is_no_number_must_be_so_on_both_sides(number):
    odd = changed(number)
    assert excess(odd, odd.copy()) == 0
    assert excess(odd, ROWS) == excess(ROWS, odd) == np.inf


def test_other_shape_is_infinitely_far():
    assert excess(ROWS, ROWS[:, :2]) == np.inf


def test_integers_must_be_equal():
    whole = np.array([1, 2])
    assert (excess(whole, whole.copy()), excess(whole, whole + 1)) == (0, np.inf)


def test_half_precision_is_held_to_its_own_spacing():
    half = np.ones((2, 2), np.float16)
    assert excess(half, changed(0.01, of=half)) < 1 < excess(half, changed(0.05, of=half))


def test_vector_and_number_and_nothing_can_be_compared():
    assert excess(np.array([100.0, 1.0]), np.array([100.0, 1.1])) > 1
    assert excess(np.array(1.0), np.array(1.0)) == excess(np.zeros((0, 3)), np.zeros((0, 3))) == 0


def test_what_is_a_number_or_none_by_rounding_is_not_compared():
    wanted, got = np.array([[1.0, np.inf, 2.0]]), np.array([[1.0, 3.0, 2.0]])
    assert excess(wanted, got) == np.inf
    assert excess(wanted, got, noise=[wanted]) == np.inf
    assert excess(wanted, got, noise=[np.array([[1.0, 4.0, 2.0]])]) == 0
    assert excess(wanted, np.array([[np.inf, 3.0, 2.0]]), noise=[np.array([[1.0, 4.0, 2.0]])]) == np.inf


def test_noise_that_is_no_number_explains_no_difference_of_numbers():
    wanted, got = np.array([[1.0, 2.0], [1.0, 2.0]]), np.array([[1.0, 2.0], [1.5, 2.0]])
    assert excess(wanted, got, noise=[np.array([[np.inf, 2.0], [1.0, 2.0]])]) > 1
