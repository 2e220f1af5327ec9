"""The measures of each task: which there are, the main one first, and their values on cases counted by hand."""

from __future__ import annotations

import numpy as np
import pytest

from paoding_onnx.evaluation import metrics
from paoding_onnx.evaluation.predictions import interpret
from paoding_onnx.evaluation.task_metrics import measures_of

CLASS_NAMES = ["accuracy", "auroc", "average_precision", "f1", "log_loss"]


def test_values_have_their_error_and_the_share_explained():
    found = measures_of(interpret(np.array([[1.0], [2.0], [4.0]]), np.array([1, 2, 3])))
    assert list(found) == ["mean_squared_error", "r2"]
    assert found == pytest.approx({"mean_squared_error": 1 / 3, "r2": 1 - 1 / 2})  # 1 of 1 + 0 + 1


def test_one_score_has_the_measures_of_its_positive_class():
    found = measures_of(interpret(np.array([[0.9], [0.4], [0.6], [0.2]]), np.array([1, 1, 0, 0])))
    assert list(found) == CLASS_NAMES
    assert found["accuracy"] == 0.5
    assert found["auroc"] == 0.75  # of four pairs of a positive and a negative, three are in order
    assert found["average_precision"] == pytest.approx((1 + 2 / 3) / 2)
    assert found["f1"] == 0.5  # of two said positive one is, of two positives one is said
    assert found["log_loss"] == pytest.approx(-np.log([0.9, 0.4, 0.4, 0.8]).mean())


def test_classes_have_means_over_the_classes():
    scores = np.array([[0.6, 0.3, 0.1], [0.5, 0.3, 0.2], [0.1, 0.2, 0.7]])
    found = measures_of(interpret(scores, np.array([0, 1, 2])))
    assert list(found) == CLASS_NAMES
    assert found["accuracy"] == pytest.approx(2 / 3)
    assert found["auroc"] == pytest.approx(np.mean([1, 0.75, 1]))  # class 1: one score below, one equal
    assert found["f1"] == pytest.approx(np.mean([2 / 3, 0, 1]))
    assert found["log_loss"] == pytest.approx(-np.log([0.6, 0.3, 0.7]).mean())


def test_classes_that_neither_occur_nor_are_said_leave_f1_alone():
    found = measures_of(interpret(np.array([[0.7, 0.3, 0.0], [0.2, 0.8, 0.0]]), np.array([0, 1])))
    assert found["f1"] == 1


def test_samples_without_a_number_are_no_class_of_their_own():
    found = measures_of(interpret(np.array([[np.nan, 1.0], [0.0, 1.0]]), np.array([1, 1])))
    assert found["accuracy"] == 0.5
    assert found["f1"] == pytest.approx(2 / 3)  # all said are right, one of two is said


@pytest.mark.parametrize(("top", "is_measured"), [(1, False), (2, True), (3, False), (5, False)])
def test_first_few_are_measured_where_there_are_more_classes(top, is_measured):
    said = interpret(np.array([[3.0, 2, 1], [1.0, 2, 3], [3.0, 2, 1]]), np.array([1, 2, 2]))
    found = measures_of(said, top)
    assert (f"top_{top}_accuracy" in found) is is_measured
    if is_measured:
        assert found["top_2_accuracy"] == pytest.approx(2 / 3)


def test_scores_that_are_not_probabilities_have_no_log_loss():
    found = measures_of(interpret(np.array([[0.9, 0.8], [0.5, 0.6]]), np.array([0, 1])))
    assert list(found) == CLASS_NAMES[:-1]


def test_means_over_classes_leave_out_those_that_do_not_occur():
    scores = np.array([[0.7, 0.2, 0.1], [0.4, 0.5, 0.1], [0.6, 0.3, 0.1]])
    labels = np.array([0, 1, 1])
    wanted = metrics.mean_over_classes([metrics.auroc(scores[:, c], labels == c) for c in (0, 1)])
    assert measures_of(interpret(scores, labels))["auroc"] == wanted
