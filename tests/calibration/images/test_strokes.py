"""Pen strokes and scans: bright shapes on black in one channel."""

from __future__ import annotations

import numpy as np
import pytest

from paoding_onnx.calibration.images.strokes import pen_strokes, scans

both = pytest.mark.parametrize("draw", [pen_strokes, scans])


@both
def test_images_of_one_channel_lie_between_black_and_white(draw):
    made = draw(np.random.default_rng(0), 8, 20, 28)
    assert (made.shape, made.dtype) == ((8, 20, 28, 1), np.float32)
    assert made.min() >= 0
    assert 0.7 < made.max() <= 1


@both
def test_same_seed_gives_the_same_images(draw):
    first, again, other = (draw(np.random.default_rng(seed), 4, 20, 20) for seed in (3, 3, 4))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


@both
def test_corners_are_black(draw):
    made = draw(np.random.default_rng(0), 64, 32, 32)[..., 0]
    assert np.median(made[:, [0, 0, -1, -1], [0, -1, 0, -1]]) < 0.05


def test_strokes_are_thin_and_bodies_are_not():
    strokes, bodies = (draw(np.random.default_rng(0), 64, 32, 32) for draw in (pen_strokes, scans))
    assert 0.03 < np.mean(strokes > 0.5) < 0.25
    assert np.mean(strokes > 0.15) < 0.7 * np.mean(bodies > 0.15)


def test_every_image_has_ink():
    assert pen_strokes(np.random.default_rng(0), 200, 28, 28).max(axis=(1, 2, 3)).min() > 0.5


def test_strokes_stand_in_the_middle():
    ink = pen_strokes(np.random.default_rng(0), 200, 28, 28)[..., 0]
    rows, columns = np.arange(28) - 13.5, np.arange(28) - 13.5
    total = ink.sum()
    assert abs((ink.sum(axis=(0, 2)) * rows).sum() / total) < 1
    assert abs((ink.sum(axis=(0, 1)) * columns).sum() / total) < 1


def test_bodies_fill_the_middle():
    made = scans(np.random.default_rng(0), 64, 32, 32)[..., 0]
    assert np.mean(made[:, 14:18, 14:18] > 0.05) > 0.9
