"""What a model may have lost: the end of the interval decides, not its middle."""

from __future__ import annotations

from dataclasses import replace

import pytest

from paoding_onnx.errors import GateError, UsageError
from paoding_onnx.evaluation.compare import Difference, drop_of
from paoding_onnx.evaluation.drop import require_kept
from paoding_onnx.evaluation.evaluate import Comparison, Evaluation
from paoding_onnx.evaluation.metrics import Interval


def compared(value, low, high, measure="accuracy", before=0.9):
    difference = Difference(measure, Interval(value, low, high), "paired")
    return Comparison({measure: before}, None, None, (difference,), 0.5, None)


def found(comparison):
    return Evaluation("classes", 500, {"accuracy": 0.9}, (), None, comparison)


def test_drop_is_read_off_the_lower_end():
    other, before = compared(-0.002, -0.012, 0.008), 0.9
    assert drop_of(other.differences[0], before) == (0.002, 0.012)


def test_loss_of_values_is_a_share_of_the_originals():
    other, before = compared(0.1, -0.1, 0.3, "mean_squared_error", before=2.0), 2.0
    assert drop_of(other.differences[0], before) == (0.05, 0.15)


def test_interval_that_lies_within_passes():
    require_kept(found(compared(-0.002, -0.009, 0.005)), 0.01)


def test_small_drop_on_few_samples_may_be_a_large_one():
    with pytest.raises(GateError, match=r"dropped by 0\.20% on 500 samples, and by up to 1\.20% with 95 % confidence"):
        require_kept(found(compared(-0.002, -0.012, 0.008)), 0.01)


def test_more_samples_are_asked_for_only_where_they_could_help():
    said = []
    for value in (-0.002, -0.03):
        with pytest.raises(GateError) as caught:
            require_kept(found(compared(value, value - 0.02, value + 0.02)), 0.01)
        said.append("give more samples" in str(caught.value))
    assert said == [True, False]


def test_drop_that_is_no_number_does_not_pass():
    with pytest.raises(GateError):
        require_kept(found(compared(float("nan"), float("nan"), float("nan"))), 0.01)


def test_nothing_to_compare_with_is_refused():
    with pytest.raises(UsageError, match="give --against"):
        require_kept(replace(found(compared(0, 0, 0)), comparison=None), 0.01)
