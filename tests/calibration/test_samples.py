"""What inputs are, and what a user can say about them."""

from __future__ import annotations

import numpy as np
import pytest

from paoding_onnx.calibration.samples import InputOptions, Samples
from paoding_onnx.errors import UsageError


def test_kind_that_is_not_known_is_a_usage_error():
    with pytest.raises(UsageError, match="inputs cannot be 'films'"):
        InputOptions("films")


def test_samples_are_counted_along_the_first_input():
    feeds = tuple({"x": np.zeros((size, 3)), "state": np.zeros((2, size))} for size in (4, 4, 1))
    assert Samples(feeds, "zeros").n_samples == 9


def test_samples_that_count_for_less_are_told_apart():
    feeds = tuple({"x": np.full((2, 3), k)} for k in range(4))
    mixed = Samples(feeds, "some", is_synthetic=False, weights=(1.0, 0.1, 1.0, 0.1))
    ours, others = mixed.parted()
    assert [feed["x"][0, 0] for feed in ours.batches] == [0, 2]
    assert [feed["x"][0, 0] for feed in others.batches] == [1, 3]
    assert (ours.is_synthetic, others.is_synthetic) == (False, True)
    assert (ours.weights, others.weights) == ((), ())
    alone = Samples(feeds, "some")
    assert alone.parted() == (alone, None)


@pytest.mark.parametrize("is_bare", [False, True])
def test_rows_are_those_of_all_samples_together(is_bare):
    content = np.arange(24.0).reshape(6, 4)
    batches = tuple({"x": row} for row in content) if is_bare else ({"x": content[:4]}, {"x": content[4:]})
    samples = Samples(batches, "six", is_bare=is_bare)
    np.testing.assert_array_equal(samples.rows("x", [5, 0, 4]), samples.arrays["x"][[5, 0, 4]])
    assert samples.rows("x", []).shape == (0, 4)


def test_input_that_all_samples_share_has_no_rows():
    assert Samples(({"x": np.zeros((3, 2)), "state": np.zeros((2, 5))},), "three").names == ("x",)
