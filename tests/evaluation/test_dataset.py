"""Labelled samples in memory: read a few at a time, preprocessed, with the range of their input."""

from __future__ import annotations

import numpy as np
import pytest

from paoding_onnx.calibration.preprocess import Preprocess
from paoding_onnx.errors import UsageError
from paoding_onnx.evaluation.dataset import ArraySamples, evenly

ALL = np.arange(2)


def test_a_part_of_the_samples_is_evenly_spaced():
    samples = ArraySamples({"x": np.arange(10)}, np.arange(10))
    assert evenly(samples, 4).labels.tolist() == [0, 2, 5, 7]
    assert evenly(samples, 4).read(np.array([1]))["x"].tolist() == [2]
    assert evenly(samples, 99) is samples


def test_bytes_range_from_black_to_white():
    samples = ArraySamples({"x": np.full((2, 1, 2, 2), 7, np.uint8)}, np.zeros(2), scale=255)
    found = samples.input_range()
    assert (found.low.min(), found.high.max(), found.low.shape) == (0, 1, (1, 1, 2, 2))


def test_standardised_channels_have_ranges_of_their_own():
    settings = Preprocess(255.0, mean=(0.5, 0.0), std=(0.5, 0.25))
    samples = ArraySamples({"x": np.zeros((2, 2, 3, 3), np.uint8)}, np.zeros(2), preprocess=settings)
    found = samples.input_range()
    assert found.low[0, :, 0, 0].tolist() == [-1, 0]
    assert found.high[0, :, 0, 0].tolist() == [1, 4]


def test_floats_range_over_their_values_and_shares_from_zero_to_one():
    def ends(values):
        found = ArraySamples({"x": np.array(values, np.float32)}, np.zeros(2)).input_range()
        return found.low.min(), found.high.max()

    assert ends([[-5, 2], [0, 5]]) == (-5, 5)
    assert ends([[0.25, 0.5], [0.25, 0.75]]) == (0, 1)


def test_several_inputs_have_no_range():
    assert ArraySamples({"a": np.zeros((2, 3)), "b": np.zeros((2, 3))}, np.zeros(2)).input_range() is None


def test_bytes_are_shares_of_white_once_numbers_say_what_they_become():
    raw = {"x": np.full((2, 3, 2, 2), 255, np.uint8)}
    assert ArraySamples(raw, ALL).read(ALL)["x"].max() == 255
    assert ArraySamples(raw, ALL, preprocess=Preprocess(range=(-1, 1))).read(ALL)["x"].min() == 1
    assert ArraySamples(raw, ALL, preprocess=Preprocess(scale=1, mean=(5,))).read(ALL)["x"].min() == 250


def test_as_many_means_as_channels_are_needed():
    samples = ArraySamples({"x": np.zeros((2, 3, 4, 4))}, np.zeros(2), preprocess=Preprocess(mean=(1, 2)))
    with pytest.raises(UsageError, match="2 means or deviations for 4 channels"):
        samples.read(ALL)


def test_channels_are_found_by_their_number_or_said():
    means = Preprocess(mean=(1, 2, 3))
    first, last = np.zeros((2, 3, 4, 5)), np.zeros((2, 4, 5, 3))
    assert ArraySamples({"x": first}, ALL, preprocess=means).read(ALL)["x"][0, :, 0, 0].tolist() == [-1, -2, -3]
    assert ArraySamples({"x": last}, ALL, preprocess=means).read(ALL)["x"][0, 0, 0].tolist() == [-1, -2, -3]
    said = Preprocess(mean=(1, 2, 3), layout="nhwc")
    assert ArraySamples({"x": np.zeros((2, 3, 3, 3))}, ALL, preprocess=said).read(ALL)["x"][0, 0, 0, 1] == -2


def test_samples_that_are_taken_keep_their_labels_and_settings():
    samples = ArraySamples({"x": np.array([[0], [51], [255]])}, np.array([5, 6, 7]), 255.0, ("a", "b"))
    taken = samples.take(np.array([2, 1]))
    assert (taken.labels.tolist(), taken.class_names) == ([7, 6], ("a", "b"))
    np.testing.assert_allclose(taken.read(np.array([0, 1]))["x"], [[1], [0.2]])


def test_whole_numbers_other_than_bytes_range_over_their_values():
    found = ArraySamples({"x": np.array([[0, 1], [1, 0]], np.int32)}, ALL).input_range()
    assert (found.low.tolist(), found.high.tolist()) == ([[0, 0]], [[1, 1]])
    assert ArraySamples({"x": np.array([[3], [9]], np.int32)}, ALL).input_range().high.tolist() == [[9]]
