"""The scaling of images, read off the first filters of a model."""

from __future__ import annotations

import numpy as np
import pytest

from paoding_onnx.calibration.first_layer import Filters
from paoding_onnx.calibration.images.families import leaves
from paoding_onnx.calibration.images.frame import Frame
from paoding_onnx.calibration.normalization import (
    BYTES,
    IMAGENET,
    SIGNED,
    UNIT,
    alive,
    description_of,
    plausible,
    usual,
)
from paoding_onnx.calibration.preprocess import Preprocess

IMAGES = leaves(np.random.default_rng(7), 128, Frame(16, 16, 3))
IMAGES += np.float32(0.46) - IMAGES.mean((0, 1, 2))


def trained(scaling, *, folded, n_units=48, seed=0):
    """Filters as training with BatchNormalization on images of this scaling leaves them."""
    rng = np.random.default_rng(seed)
    kernels = rng.normal(0, 0.2, (n_units, 3, 3, 3)) + rng.normal(0, 0.1, (n_units, 3, 1, 1))
    windows = np.lib.stride_tricks.sliding_window_view(scaling.apply_to_unit(IMAGES), (3, 3), (1, 2))[:, ::4, ::4]
    answers = np.einsum("nhwcij,ocij->nhwo", windows, kernels, optimize=True).reshape(-1, n_units)
    mean, deviation = answers.mean(0), answers.std(0)
    if not folded:
        return Filters(kernels, -mean, deviation)
    gain = rng.uniform(0.5, 1.5, n_units) / deviation
    return Filters(kernels * gain[:, None, None, None], rng.normal(0, 0.3, n_units) - mean * gain)


@pytest.mark.parametrize("scaling", usual(3), ids=description_of)
def test_stored_statistics_tell_the_scaling(scaling):
    assert plausible(trained(scaling, folded=False), usual(3), IMAGES[:32]) == (scaling,)


@pytest.mark.parametrize("scaling", [UNIT, BYTES], ids=["unit", "bytes"])
def test_folded_biases_tell_that_data_was_not_centred(scaling):
    assert plausible(trained(scaling, folded=True), usual(3), IMAGES[:32]) == (scaling,)


@pytest.mark.parametrize("scaling", [SIGNED, IMAGENET], ids=["signed", "imagenet"])
def test_folded_biases_leave_open_how_data_was_centred(scaling):
    assert scaling in plausible(trained(scaling, folded=True), usual(3), IMAGES[:32])


def test_without_filters_every_scaling_is_plausible():
    assert plausible(None, usual(3), IMAGES) == usual(3)


def test_right_scaling_leaves_more_filters_alive_than_a_weaker_one():
    filters = trained(IMAGENET, folded=True)
    assert alive(filters, IMAGENET, IMAGES) > 0.9
    assert alive(filters, UNIT, IMAGES) < 0.8


def test_filters_without_biases_are_alive_under_every_scaling():
    filters = Filters(np.ones((4, 3, 3, 3)), np.zeros(4))
    assert [alive(filters, scaling, IMAGES) for scaling in usual(3)] == [1.0] * 4


def test_means_that_differ_by_channel_are_said_to_be_given():
    assert description_of(Preprocess(mean=(0.1, 0.2, 0.3))) == "standardized as given"
