"""Scenes: a thing of several parts before ground and sky."""

from __future__ import annotations

import numpy as np
import pytest

from paoding_onnx.calibration.images.scenes import images


def drawn(count=64, height=20, width=28, n_channels=3, seed=0):
    """Scenes from a seed."""
    return images(np.random.default_rng(seed), count, height, width, n_channels)


@pytest.mark.parametrize("n_channels", [1, 3, 4])
def test_scenes_have_their_size_and_range(n_channels):
    made = drawn(4, n_channels=n_channels)
    assert (made.shape, made.dtype) == ((4, 20, 28, n_channels), np.float32)
    assert made.min() >= 0
    assert made.max() <= 1


def test_same_seed_gives_the_same_scenes():
    assert np.array_equal(drawn(4), drawn(4))
    assert not np.array_equal(drawn(4), drawn(4, seed=1))


def test_sky_and_ground_differ_more_than_left_and_right():
    made = drawn(256).mean(axis=3)
    down = np.abs(made[:, 0].mean(axis=1) - made[:, -1].mean(axis=1)).mean()
    across = np.abs(made[:, :, 0].mean(axis=1) - made[:, :, -1].mean(axis=1)).mean()
    assert down > 1.5 * across
