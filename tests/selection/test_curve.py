"""The sensitivity of a group as a value, where it is measured, and under which share a count is shown."""

from __future__ import annotations

from dataclasses import FrozenInstanceError

import numpy as np
import pytest

from paoding_onnx.selection.curve import MOST_MEASURED, SHARES, Sensitivity, columns, counts_to_measure


@pytest.mark.parametrize("share", SHARES[1:-1])
def test_the_share_up_to_which_units_do_nothing_is_measured(share):
    n_free = round(64 * share)
    losses = [0.0] * n_free + list(np.linspace(0.1, 1, 63 - n_free))
    found = counts_to_measure(64, losses)
    assert n_free in found
    assert found[0] == 8
    assert found[-1] == 56
    assert len(found) == MOST_MEASURED


@pytest.mark.parametrize("n_units", range(1, 6))
def test_small_groups_are_measured_at_every_count(n_units):
    assert counts_to_measure(n_units, [1.0] * (n_units - 1)) == tuple(range(1, n_units))


def test_losses_that_tell_nothing_leave_the_fewest_and_the_most():
    found = counts_to_measure(64, [0.0] * 63)
    assert len(found) == MOST_MEASURED
    assert (found[0], found[-1]) == (8, 56)


@pytest.mark.parametrize("n_units", range(2, 70))
def test_no_two_counts_are_shown_in_one_place(n_units):
    losses = tuple(np.linspace(0, 1, n_units - 1) ** 2)
    counts = counts_to_measure(n_units, losses)
    found = columns(Sensitivity("g", counts, (0.0,) * len(counts), losses=losses))
    assert len(set(found)) == len(counts)


def test_sensitivity_cannot_be_changed():
    found = Sensitivity("g", (1, 2), (0.5, 0.7))
    with pytest.raises(FrozenInstanceError):
        found.values = (0.0, 0.0)


def test_sensitivities_are_equal_if_they_say_the_same():
    first, same, other = (Sensitivity("g", (1, 2), (0.5, last)) for last in (0.7, 0.7, 0.8))
    assert first == same != other
    assert len({first, same, other}) == 2
