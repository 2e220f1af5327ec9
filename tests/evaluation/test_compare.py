"""Two models on the same samples: how far they agree, and intervals of what changed."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from paoding_onnx.errors import UsageError
from paoding_onnx.evaluation.compare import agreement, differences, require_alike
from paoding_onnx.evaluation.metrics import auroc, paired_difference
from paoding_onnx.evaluation.predictions import interpret

RNG = np.random.default_rng(0)
LABELS = RNG.integers(0, 2, 60)
SHARP = 0.8 * RNG.random((60, 1)) + 0.1 * LABELS[:, None]
BLIND = RNG.random((60, 1))


def classes(*said, labels):
    """Predictions of these classes out of three."""
    return interpret(4.0 * np.eye(3)[list(said)] - 1, np.array(labels))


def values(*said):
    """Predictions of single values whose targets are all zero and a half."""
    return interpret(np.array(said, np.float64)[:, None], np.full(len(said), 0.5))


def test_agreement_counts_same_classes_whether_right_or_not():
    found = agreement(np.array([0, 1, 2, 2]), np.array([0, 2, 2, 2]))
    assert found.value == 0.75
    assert found.low < 0.75 < found.high


def test_change_of_accuracy_has_the_paired_interval():
    old, new = classes(0, 1, 2, 0, labels=[0, 1, 2, 1]), classes(0, 0, 1, 0, labels=[0, 1, 2, 1])
    (found,) = differences(old, new)
    assert (found.measure, found.interval.value, found.method) == ("accuracy", -0.5, "adjusted Wald, paired")
    assert found.interval == paired_difference(np.array([1, 1, 1, 0], bool), np.array([1, 0, 0, 0], bool))


def test_binary_comparison_has_an_interval_of_the_area():
    accuracy, area = differences(interpret(SHARP, LABELS), interpret(BLIND, LABELS))
    assert (accuracy.measure, area.measure, area.method) == ("accuracy", "auroc", "bootstrap of the samples")
    change = auroc(BLIND[:, 0], LABELS == 1) - auroc(SHARP[:, 0], LABELS == 1)
    assert area.interval.value == pytest.approx(change)
    assert area.interval.low < area.interval.value < area.interval.high


def test_change_of_squared_error_is_that_of_each_sample():
    (found,) = differences(values(0.5, 0.5, 1.5), values(1.5, 0.5, 1.5))  # losses 0, 0, 1 and 1, 0, 1
    assert (found.measure, found.interval.value) == (
        "mean_squared_error",
        pytest.approx(1 / 3),
    )
    assert 0 <= found.interval.low <= found.interval.value <= found.interval.high <= 1


def test_error_that_grew_alike_everywhere_has_an_interval_of_one_point():
    (found,) = differences(values(0.5, 0.5, 0.5), values(1.5, -0.5, 1.5))
    assert (found.interval.low, found.interval.value, found.interval.high) == (1, 1, 1)


def test_same_seed_draws_the_same_samples():
    old, new = interpret(SHARP, LABELS), interpret(BLIND, LABELS)
    assert differences(old, new, seed=3) == differences(old, new, seed=3)
    assert differences(old, new, seed=3)[1].interval != differences(old, new, seed=4)[1].interval


def test_outputs_of_different_shapes_are_not_compared():
    old = classes(0, 1, labels=[0, 1])
    new = interpret(np.eye(4)[[0, 1]], np.array([0, 1]))
    with pytest.raises(UsageError, match=r"say different things: classes \(2, 3\) against classes \(2, 4\)"):
        require_alike(old, new)


def test_different_tasks_are_not_compared():
    old = interpret(SHARP, LABELS)
    new = dataclasses.replace(old, task=values(0.5).task)
    with pytest.raises(UsageError, match=r"binary \(60, 1\) against values \(60, 1\)"):
        require_alike(old, new)
