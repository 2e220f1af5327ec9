"""Dead leaves: canvases of leaves that hide each other, of every size up to the largest."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from paoding_onnx.calibration.images import dead_leaves as module
from paoding_onnx.calibration.images.dead_leaves import dead_leaves


def drawn(seed=0, count=3, side=24, n_channels=3, largest=12.0):
    """Canvases from a seed."""
    return dead_leaves(np.random.default_rng(seed), count, side, n_channels, largest)


def edges(images):
    """Share of neighbouring pixels that differ strongly."""
    return np.mean(np.abs(np.diff(images.mean(axis=3), axis=2)) > 0.08)


@pytest.mark.parametrize("n_channels", [1, 3, 4])
def test_canvases_have_their_size_and_range(n_channels):
    images = drawn(n_channels=n_channels)
    assert (images.shape, images.dtype) == ((3, 24, 24, n_channels), np.float32)
    assert images.min() >= 0
    assert images.max() <= 1


def test_same_seed_gives_the_same_canvases():
    assert np.array_equal(drawn(), drawn())
    assert not np.array_equal(drawn(), drawn(seed=1))


def test_canvases_of_one_draw_differ():
    images = drawn()
    assert min(np.abs(images[a] - images[b]).mean() for a, b in ((0, 1), (0, 2), (1, 2))) > 0.05


def test_larger_leaves_have_fewer_edges():
    small, large = drawn(count=8, side=48, largest=4.0), drawn(count=8, side=48, largest=24.0)
    assert edges(large) < 0.7 * edges(small)


def test_leaves_are_flat_beside_their_edges():
    steps = np.abs(np.diff(drawn(count=8, side=48, largest=24.0).mean(axis=3), axis=2))
    assert np.median(steps) < 0.2 * np.mean(steps[steps > 0.08])


@pytest.mark.parametrize("corners", [3, 4, 5, 6])
def test_polygons_have_the_area_of_the_circle(corners):
    place = np.linspace(-2, 2, 401, dtype=np.float32)
    u, v = np.meshgrid(place, place)
    assert module._shape(u, v, corners).sum() * 0.01**2 == pytest.approx(np.pi, rel=0.02)


def test_leaf_without_corners_is_the_unit_circle():
    u = np.array([0, 0.9, 0.8, 1.1, 0.6], np.float32)
    v = np.array([0, 0.0, 0.8, 0.0, 0.6], np.float32)
    assert module._shape(u, v, 0).tolist() == [True, True, False, False, True]


def test_density_of_radii_falls_with_their_cube():
    radius = module._scatter(np.random.default_rng(0), 200, 200, 48.0).radius
    smallest = 3.0
    share = np.mean(radius < 6.0)  # of a density r ** -3 between 3 and 48
    assert radius.min() >= smallest
    assert radius.max() <= 48.001
    assert share == pytest.approx((1 / 3**2 - 1 / 6**2) / (1 / 3**2 - 1 / 48**2), abs=0.02)


def test_higher_leaves_lie_on_top():
    leaves = module._scatter(np.random.default_rng(0), 1, 40, 10.0)
    leaves = replace(leaves, radius=np.full_like(leaves.radius, 5))
    seen = np.zeros((1, 40, 40), np.int32)
    module._lay(seen, leaves, np.arange(leaves.radius.size))
    again = np.zeros((1, 40, 40), np.int32)
    for number in range(leaves.radius.size):  # from the lowest up, each painted over those before
        alone = np.zeros((1, 40, 40), np.int32)
        module._lay(alone, leaves, np.array([number]))
        again[alone > 0] = number + 1
    assert np.array_equal(seen, again)


def test_laying_no_leaves_changes_nothing():
    leaves = module._scatter(np.random.default_rng(0), 1, 40, 10.0)
    seen = np.zeros((1, 40, 40), np.int32)
    module._lay(seen, leaves, np.arange(0))
    assert not seen.any()
