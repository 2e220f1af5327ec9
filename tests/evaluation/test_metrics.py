"""Figures of merit: scikit-learn's values on seeded data, and cases small enough to count by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest

from paoding_onnx.evaluation import metrics


@pytest.fixture(scope="module")
def drawn():
    """Forty samples of four classes with rounded scores, so that ties occur: labels, logits and probabilities."""
    rng = np.random.default_rng(7)
    labels = rng.integers(0, 4, 40)
    logits = np.round(rng.normal(size=(40, 4)) + 1.2 * np.eye(4)[labels], 1)
    powers = np.exp(logits)
    return labels, logits, powers / powers.sum(axis=1, keepdims=True)


@pytest.fixture(scope="module")
def one_score(drawn):
    """Forty samples of which some are positive, with one rounded score each."""
    rng = np.random.default_rng(7)
    rng.integers(0, 4, 40), rng.normal(size=(40, 4))
    positive = rng.random(40) < 0.3
    return positive, np.round(rng.normal(size=40) + positive, 1)


def test_accuracy_and_top_two_are_scikit_learns(drawn):
    labels, logits, _ = drawn
    assert metrics.top_k_accuracy(logits, labels) == 0.55
    assert metrics.top_k_accuracy(logits, labels, 2) == 0.825


def test_area_and_precision_of_each_class_are_scikit_learns(drawn):
    labels, _, probabilities = drawn
    areas = [metrics.auroc(probabilities[:, c], labels == c) for c in range(4)]
    np.testing.assert_allclose(
        areas, [0.8342857142857143, 0.8934169278996865, 0.7233333333333333, 0.8571428571428572], rtol=1e-12
    )
    precisions = [metrics.average_precision(probabilities[:, c], labels == c) for c in range(4)]
    assert metrics.mean_over_classes(areas) == pytest.approx(0.8270447081653978, rel=1e-12)
    assert metrics.mean_over_classes(precisions) == pytest.approx(0.67244456651537, rel=1e-12)


def test_table_of_classes_is_scikit_learns(drawn):
    labels, logits, probabilities = drawn
    rows = metrics.class_scores(probabilities, logits.argmax(axis=1), labels, ("a", "b"))
    assert [row.name for row in rows] == ["a", "b", "2", "3"]
    assert [row.samples for row in rows] == [5, 11, 10, 14]
    np.testing.assert_allclose([row.precision for row in rows], [2 / 7, 9 / 13, 3 / 8, 2 / 3])
    np.testing.assert_allclose([row.recall for row in rows], [0.4, 9 / 11, 0.3, 4 / 7])
    np.testing.assert_allclose([row.f1 for row in rows], [1 / 3, 0.75, 1 / 3, 8 / 13])


def test_log_loss_is_scikit_learns(drawn):
    labels, _, probabilities = drawn
    assert metrics.log_loss(probabilities, labels) == pytest.approx(0.9748671616455648, rel=1e-12)


def test_measures_of_one_score_are_scikit_learns(one_score):
    positive, scores = one_score
    assert metrics.auroc(scores, positive) == pytest.approx(0.7133333333333334, rel=1e-12)
    assert metrics.average_precision(scores, positive) == pytest.approx(0.5463854818702018, rel=1e-12)
    assert metrics.f1(scores > 0, positive) == pytest.approx(0.6486486486486487, rel=1e-12)


def test_measures_of_values_are_scikit_learns():
    targets, values = np.array([[1.0, 2.0], [3.0, -1.0], [0.0, 4.0]]), np.array([[1.5, 2.0], [2.0, -1.0], [0.5, 3.0]])
    assert metrics.mean_squared_error(values, targets) == pytest.approx(2.5 / 6)
    assert metrics.determination(values, targets) == pytest.approx(1 - 2.5 / (14 / 3 + 38 / 3))


def test_a_constant_score_has_half_the_area_and_the_precision_of_chance():
    positive = np.array([True, False, False, False])
    assert metrics.auroc(np.zeros(4), positive) == 0.5
    assert metrics.average_precision(np.zeros(4), positive) == 0.25


def test_area_of_one_kind_alone_does_not_exist():
    assert math.isnan(metrics.auroc(np.array([1.0, 2.0]), np.array([True, True])))
    assert math.isnan(metrics.average_precision(np.array([1.0, 2.0]), np.array([False, False])))


def test_scores_that_are_no_numbers_have_no_area_and_are_never_right():
    assert math.isnan(metrics.auroc(np.array([math.nan, 2.0]), np.array([True, False])))
    assert metrics.top_k_accuracy(np.full((1, 3), math.nan), np.array([0])) == 0


def test_of_equal_scores_the_first_counts():
    assert metrics.top_k_accuracy(np.zeros((3, 3)), np.array([0, 1, 2])) == pytest.approx(1 / 3)
    assert metrics.top_k_accuracy(np.zeros((3, 3)), np.array([0, 1, 2]), 2) == pytest.approx(2 / 3)


def test_means_leave_out_what_does_not_exist():
    assert math.isnan(metrics.mean_over_classes([math.nan]))
    assert metrics.mean_over_classes([math.nan, 0.25]) == 0.25


def right(n_right, n):
    """The first `n_right` of `n` samples are right."""
    return np.arange(n) < n_right


def test_paired_difference_is_that_of_the_formula():
    before, after = np.append(right(2, 50), right(0, 50)), np.append(right(0, 50), right(10, 50))
    found = metrics.paired_difference(before, after)
    lost, won = 3 / 102, 11 / 102
    half = 1.959963984540054 * math.sqrt((lost + won - (won - lost) ** 2) / 102)
    assert found.value == pytest.approx(0.08)
    assert (found.low, found.high) == (pytest.approx(won - lost - half), pytest.approx(won - lost + half))


def test_models_that_agree_everywhere_still_have_an_interval():
    found = metrics.paired_difference(right(30, 100), right(30, 100))
    assert found.value == 0
    assert -0.05 < found.low < 0 < found.high < 0.05


def test_paired_interval_holds_the_truth_about_as_often_as_it_says():
    rng = np.random.default_rng(3)
    held = 0
    for _ in range(400):
        kinds = rng.choice(4, 120, p=[0.7, 0.15, 0.1, 0.05])  # both right, only before, only after, none
        found = metrics.paired_difference(kinds <= 1, (kinds == 0) | (kinds == 2))
        held += found.low <= 0.10 - 0.15 <= found.high
    assert 0.92 < held / 400 < 0.98


def test_interval_of_a_share_is_that_of_the_books():
    assert metrics.proportion(right(1, 4)) == metrics.Interval(
        0.25, pytest.approx(0.0456, abs=1e-4), pytest.approx(0.6994, abs=1e-4)
    )
    assert metrics.proportion(right(0, 10)).low == 0
    assert metrics.proportion(right(10, 10)).high == 1


def test_interval_of_a_share_holds_the_truth_about_as_often_as_it_says():
    rng = np.random.default_rng(4)
    found = [metrics.proportion(rng.random(100) < 0.9) for _ in range(1000)]
    assert 0.92 < np.mean([one.low <= 0.9 <= one.high for one in found]) < 0.98


def test_exact_test_counts_uneven_splits():
    assert metrics.mcnemar(right(10, 10), right(0, 10)) == pytest.approx(2 / 2**10)
    assert metrics.mcnemar(np.append(right(4, 4), right(0, 6)), np.append(right(0, 4), right(6, 6))) == pytest.approx(
        2 * (1 + 10 + 45 + 120 + 210) / 2**10
    )
    assert metrics.mcnemar(right(5, 10), right(5, 10)) == 1


def test_exact_test_of_many_disagreements_is_a_number():
    before, after = np.append(right(2100, 2100), right(0, 1900)), np.append(right(0, 2100), right(1900, 1900))
    assert metrics.mcnemar(before, after) == pytest.approx(0.00166, rel=0.02)


def test_bootstrap_gives_the_same_interval_for_the_same_seed():
    values = np.random.default_rng(0).normal(size=200)
    runs = [
        metrics.bootstrap(lambda rows: float(values[rows].mean()), 200, rng=np.random.default_rng(1)) for _ in range(2)
    ]
    assert runs[0] == runs[1]
    low, high = runs[0]
    assert high - low == pytest.approx(2 * 1.96 * values.std() / math.sqrt(200), rel=0.15)


def test_bootstrap_of_what_never_exists_does_not_exist():
    assert all(math.isnan(end) for end in metrics.bootstrap(lambda rows: math.nan, 5, rng=np.random.default_rng(0)))
