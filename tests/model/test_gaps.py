"""Places without a number count as unchanged where neither output has one, and as lost where one alone has."""

from __future__ import annotations

import numpy as np
import pytest

from paoding_onnx.model.compare import channel_changes, relative_error
from paoding_onnx.model.gaps import comparable, filled

VALUES = np.random.default_rng(0).standard_normal((50, 4)) * [1.0, 10.0, 100.0, 1000.0]


def with_gaps(number):
    """The values with gaps in each third row of the second column."""
    found = VALUES.copy()
    found[::3, 1] = number
    return found


def test_numbers_everywhere_are_left_as_they_are():
    assert filled(VALUES) is VALUES
    assert comparable(VALUES, VALUES)[0] is VALUES


@pytest.mark.parametrize("number", [np.nan, np.inf, -np.inf])
def test_gaps_in_both_change_nothing(number):
    assert channel_changes(with_gaps(number), with_gaps(number)).tolist() == [0, 0, 0, 0]
    assert relative_error(with_gaps(number), with_gaps(number)) == 0


def test_change_of_a_channel_counts_on_the_scale_of_its_numbers_whatever_gaps_it_has():
    without, after = VALUES[np.arange(50) % 3 > 0], with_gaps(np.nan)
    after[:, 1] += 5
    wanted = np.square(5) / without[:, 1].var()
    assert channel_changes(with_gaps(np.nan), after)[1] == pytest.approx(wanted)


def test_gaps_that_are_new_or_gone_are_changes():
    assert channel_changes(VALUES, with_gaps(np.nan))[1] > 1
    assert channel_changes(with_gaps(np.nan), VALUES)[1] > 1


def test_column_without_any_number_is_one_of_zeros():
    assert filled(np.full((3, 2), np.nan)).tolist() == [[0, 0]] * 3
