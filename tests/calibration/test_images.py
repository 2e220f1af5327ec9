"""Families of made-up pictures, rows and offspring: sizes, ranges, statistics."""

from __future__ import annotations

import numpy as np
import pytest

from paoding_onnx.calibration import tabular
from paoding_onnx.calibration.augment import augmented
from paoding_onnx.calibration.images.families import families
from paoding_onnx.calibration.images.frame import Frame
from paoding_onnx.calibration.images.spectra import clouds

every_family = pytest.mark.parametrize(
    ("name", "n_channels"), [(name, channels) for channels in (1, 3, 4) for name in families(channels)]
)


@every_family
def test_images_have_their_size_and_range_and_differ(name, n_channels):
    images = families(n_channels)[name](np.random.default_rng(0), 12, Frame(20, 28, n_channels))
    assert (images.shape, images.dtype) == ((12, 20, 28, n_channels), np.float32)
    assert images.min() >= 0
    assert images.max() <= 1
    assert np.abs(images[:, None] - images[None]).mean((2, 3, 4))[np.triu_indices(12, 1)].min() > 1e-3


@every_family
def test_same_seed_gives_the_same_images(name, n_channels):
    first, again = (families(n_channels)[name](np.random.default_rng(3), 4, Frame(16, 16, n_channels)) for _ in "ab")
    assert np.array_equal(first, again)


@pytest.mark.parametrize("name", families(3))
@pytest.mark.parametrize(("height", "width"), [(5, 5), (1, 40), (200, 30)])
def test_odd_sizes_are_made_too(name, height, width):
    assert families(3)[name](np.random.default_rng(0), 3, Frame(height, width, 3)).shape == (3, height, width, 3)


@pytest.mark.parametrize("name", ["dead leaves", "objects", "scenes"])
def test_colours_vary_together_as_in_images(name):
    images = families(3)[name](np.random.default_rng(0), 64, Frame(32, 32, 3))
    assert np.corrcoef(images.reshape(-1, 3).T)[np.triu_indices(3, 1)].min() > 0.5


def test_amplitude_of_noise_falls_with_frequency():
    spectrum = np.abs(np.fft.fft(clouds(np.random.default_rng(0), 50, 64, 64, 1)[..., 0], axis=2)).mean((0, 1))
    assert spectrum[1] > 2 * spectrum[4] > 4 * spectrum[16]


@pytest.mark.parametrize("name", tabular.families(64, np.ones((64, 9), np.float32)))
def test_rows_have_their_length(name):
    rows = tabular.families(64, np.ones((64, 9), np.float32))[name](np.random.default_rng(0), 7)
    assert (rows.shape, rows.dtype) == ((7, 64), np.float32)


def test_spanned_rows_lie_where_the_weights_do():
    weights = np.zeros((6, 2), np.float32)
    weights[:2, 0], weights[2:4, 1] = 1, (1, -1)
    rows = tabular.spanned(np.random.default_rng(0), 2000, weights)
    correlation = np.corrcoef(rows[:, :4].T)
    assert correlation[0, 1] > 0.8
    assert correlation[2, 3] < -0.8
    assert abs(correlation[0, 2]) < 0.1


def test_offspring_differs_from_its_parents_and_keeps_their_range():
    parents = families(3)["scenes"](np.random.default_rng(0), 16, Frame(24, 24, 3)) * 4 - 2
    children = augmented(np.random.default_rng(1), parents)
    assert (children.shape, children.dtype) == (parents.shape, np.float32)
    assert children.min() >= parents.min()
    assert children.max() <= parents.max()
    assert np.abs(children - parents).mean((1, 2, 3)).min() > 0.01
