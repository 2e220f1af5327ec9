"""The scaling of images, read off the first filters of a model."""

from __future__ import annotations

import numpy as np
import pytest

from paoding_onnx.calibration.first_layer import Filters
from paoding_onnx.calibration.images.families import leaves
from paoding_onnx.calibration.images.frame import Frame
from paoding_onnx.calibration.normalization import IMAGENET, SIGNED, UNIT, description_of, usual
from paoding_onnx.calibration.preprocess import BYTES, CAFFE
from paoding_onnx.calibration.scaling_evidence import fitting, weighed

IMAGES = leaves(np.random.default_rng(7), 128, Frame(16, 16, 3))
IMAGES += np.float32(0.46) - IMAGES.mean((0, 1, 2))
ALIKE = dict.fromkeys(usual(3), 1.0)


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
    return Filters(kernels * gain[:, None, None, None], rng.normal(0, 0.6, n_units) - mean * gain)


def likely(scaling, *, folded=True):
    """The scalings that filters trained on images of one leave open."""
    found = weighed(trained(scaling, folded=folded), ALIKE, IMAGES[:32])
    return {one for one, weight in found.items() if weight > 0.1 * max(found.values())}


@pytest.mark.parametrize("scaling", usual(3), ids=description_of)
def test_stored_statistics_tell_the_scaling(scaling):
    assert likely(scaling, folded=False) == {scaling}


@pytest.mark.parametrize("scaling", [UNIT, BYTES], ids=["unit", "bytes"])
def test_folded_biases_tell_that_data_was_not_centred(scaling):
    assert likely(scaling) == {scaling}


def test_folded_biases_of_bytes_less_their_mean_tell_caffe():
    assert CAFFE in likely(CAFFE) <= {CAFFE, BYTES}


def test_folded_biases_tell_centred_data_from_bytes_but_leave_its_contrast_open():
    for scaling in (SIGNED, IMAGENET):
        assert scaling in likely(scaling) <= {UNIT, SIGNED, IMAGENET}


def test_without_filters_or_biases_every_scaling_is_as_likely_as_usual():
    without = Filters(np.random.default_rng(0).normal(size=(4, 3, 3, 3)), np.zeros(4))
    assert weighed(None, usual(3), IMAGES) == usual(3)
    assert weighed(without, usual(3), IMAGES) == usual(3)


def test_filters_behind_a_space_to_depth_see_several_pixels_at_a_time():
    plain = trained(BYTES, folded=True)
    focus = np.zeros((48, 12, 2, 2))  # a kernel of 4 x 4 that is taken apart
    for place, (column, row) in enumerate(np.ndindex(2, 2)):
        part = np.pad(plain.weights, ((0, 0), (0, 0), (0, 1), (0, 1)))[:, :, row::2, column::2]
        focus[:, 3 * place : 3 * place + 3] = part
    filters = fitting(Filters(focus, plain.bias), IMAGES)
    assert filters is not None
    found = weighed(filters, ALIKE, IMAGES)
    assert max(found, key=found.get) == BYTES


@pytest.mark.parametrize(
    "shape", [(4, 1, 3, 3), (4, 9, 3, 3), (4, 6, 3, 3), (4, 3, 17, 17)], ids=["grey", "nine", "two", "large"]
)
def test_filters_that_cannot_see_the_images_do_not_count(shape):
    images = IMAGES if shape[1] != 9 else IMAGES[..., [0, 1]]
    assert fitting(Filters(np.ones(shape), np.zeros(4)), images) is None


def test_filters_of_one_number_leave_something_to_weigh():
    rng = np.random.default_rng(0)
    filters = Filters(rng.normal(size=(8, 1, 1, 1)), np.zeros(8), np.ones(8))
    found = weighed(filters, dict.fromkeys(usual(1), 1.0), rng.uniform(size=(4, 8, 8, 1)).astype(np.float32))
    assert found
    assert max(found.values()) > 0
