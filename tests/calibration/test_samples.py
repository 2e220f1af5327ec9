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
