"""Augmentation: new images from images, in their range."""

from __future__ import annotations

import numpy as np

from paoding_onnx.calibration.augment import augmented
from paoding_onnx.calibration.images.families import families
from paoding_onnx.calibration.images.frame import Frame


def test_offspring_differs_from_its_parents_and_keeps_their_range():
    parents = families(3)["scenes"](np.random.default_rng(0), 16, Frame(24, 24, 3)) * 4 - 2
    children = augmented(np.random.default_rng(1), parents)
    assert (children.shape, children.dtype) == (parents.shape, np.float32)
    assert children.min() >= parents.min()
    assert children.max() <= parents.max()
    assert np.abs(children - parents).mean((1, 2, 3)).min() > 0.01


def test_same_seed_gives_the_same_children():
    parents = np.random.default_rng(0).random((6, 16, 16, 3), np.float32)
    first, again, other = (augmented(np.random.default_rng(seed), parents) for seed in (1, 1, 2))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


def test_parents_stay_what_they_are():
    parents = np.random.default_rng(0).random((6, 16, 16, 3), np.float32)
    before = parents.copy()
    augmented(np.random.default_rng(1), parents)
    assert np.array_equal(parents, before)


def test_image_in_one_colour_has_children_in_that_colour():
    parents = np.full((5, 9, 7, 3), 0.25, np.float32)
    np.testing.assert_allclose(augmented(np.random.default_rng(0), parents), parents, atol=1e-6)


def test_smallest_images_have_children():
    parents = np.random.default_rng(0).random((4, 1, 3, 1), np.float32)
    assert augmented(np.random.default_rng(0), parents).shape == (4, 1, 3, 1)


def test_children_have_parts_of_two_parents():
    parents = np.zeros((40, 16, 16, 1), np.float32)
    parents[20:] = 1
    spread = augmented(np.random.default_rng(0), parents).std(axis=(1, 2, 3))
    assert np.mean(spread > 0.1) > 0.1  # a patch out of an image of the other colour


def test_half_of_the_children_are_mirrored():
    ramp = np.tile(np.linspace(0, 1, 32, dtype=np.float32)[:, None], (400, 16, 1, 1))
    children = augmented(np.random.default_rng(0), ramp)
    falls = children[:, :, -1, 0].mean(axis=1) < children[:, :, 0, 0].mean(axis=1)
    assert 0.4 < falls.mean() < 0.6
