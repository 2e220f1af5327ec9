"""Choosing by predictions: what counts as a prediction, what is kept."""

from __future__ import annotations

import numpy as np

from paoding_onnx.calibration.filter import choose, information, predictions, value


def rows(*values):
    return np.array(values, np.float32)


def test_logits_become_probabilities():
    assert np.allclose(predictions({"y": rows([0, 0], [9, 0])}, 2), [[0.5, 0.5], [0.99988, 0.00012]], atol=1e-4)


def test_probabilities_stay_as_they_are():
    assert np.allclose(predictions({"y": rows([0.2, 0.8], [1, 0])}, 2), [[0.2, 0.8], [1, 0]])


def test_one_probability_is_that_of_the_second_class():
    assert np.allclose(predictions({"y": rows([0.25], [1])}, 2), [[0.75, 0.25], [0, 1]])


def test_images_of_one_pixel_are_predictions():
    assert predictions({"y": rows([0, 0, 3]).reshape(1, 3, 1, 1)}, 1).shape == (1, 3)


def test_maps_and_single_numbers_beyond_one_are_no_predictions():
    assert predictions({"map": np.ones((2, 3, 4, 4), np.float32)}, 2) is None
    assert predictions({"price": rows([12], [-3])}, 2) is None


def test_predictions_that_differ_and_are_sure_tell_most():
    assert information(rows([1, 0], [0, 1])) > 0.99
    assert information(rows([1, 0], [1, 0])) < 0.01
    assert information(rows([0.5, 0.5], [0.5, 0.5])) < 0.01


def test_predictions_without_any_doubt_are_worth_nothing():
    assert value(rows([1, 0], [0, 1])) == 0
    assert value(rows([0.99, 0.01], [0.01, 0.99])) > 0.8


def test_classes_are_balanced_and_sure_rows_preferred():
    sure, unsure, other = [0.85, 0.15], [0.6, 0.4], [0.4, 0.6]
    found = choose(rows(unsure, sure, sure, unsure, other, unsure), 3, np.random.default_rng(0))
    assert found.tolist() == [1, 2, 4]
