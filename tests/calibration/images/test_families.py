"""Families of synthetic images: sizes, ranges, colours, and that they differ."""

from __future__ import annotations

import numpy as np
import pytest

from paoding_onnx.calibration.images import families as module
from paoding_onnx.calibration.images.families import families, lines, suited_to
from paoding_onnx.calibration.images.frame import Frame

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


def test_images_of_one_channel_have_families_of_their_own():
    assert set(families(1)) - set(families(3)) == {"pen strokes", "scans"}
    assert set(families(4)) == set(families(3))


@every_family
def test_one_image_alone_is_made_too(name, n_channels):
    image = families(n_channels)[name](np.random.default_rng(0), 1, Frame(12, 16, n_channels))
    assert image.shape == (1, 12, 16, n_channels)
    assert image.std() > 0.01


def test_gradients_run_from_colour_to_colour_without_edges():
    images = module.gradients(np.random.default_rng(0), 8, Frame(33, 33, 3))
    bends = np.abs(np.diff(images, 2, axis=1))  # three knots: straight from the first row to the middle, and on
    assert np.delete(bends, 15, axis=1).max() < 1e-5


def test_gradient_of_one_pixel_is_a_colour():
    assert module.gradients(np.random.default_rng(0), 2, Frame(1, 1, 3)).shape == (2, 1, 1, 3)


@pytest.mark.parametrize(
    ("height", "width", "is_line"), [(32, 100, True), (80, 160, True), (48, 48, False), (288, 800, False)]
)
def test_low_and_wide_images_may_hold_text(height, width, is_line):
    assert ("lines of text" in suited_to(Frame(height, width, 3))) == is_line


@pytest.mark.parametrize("n_channels", [1, 3])
def test_text_stands_out_from_its_paper(n_channels):
    images = lines(np.random.default_rng(0), 32, Frame(32, 128, n_channels))
    assert (images.shape, images.dtype) == ((32, 32, 128, n_channels), np.float32)
    assert images.min() >= 0
    assert images.max() <= 1
    assert np.median(np.ptp(images.mean(-1), axis=(1, 2))) > 0.3
