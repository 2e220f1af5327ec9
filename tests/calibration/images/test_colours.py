"""Colours as in photographs: brightness varies most, all channels together, a few colours vivid."""

from __future__ import annotations

import numpy as np
import pytest

from paoding_onnx.calibration.images.colours import draw_colours, mixing


def deviations(colourfulness):
    """Deviation of brightness, red against blue, green against both, of colours mixed from unit normals."""
    mix = mixing(3, colourfulness)
    axes = np.array([[1, 1, 1], [1, 0, -1], [0.5, -1, 0.5]])
    along = mix @ (axes / np.sum(axes**2, axis=1, keepdims=True)).T
    return np.linalg.norm(along, axis=0)


def test_brightness_varies_most_then_red_against_blue_then_green():
    np.testing.assert_allclose(deviations(1.0), [1.0, 0.3, 0.15], rtol=1e-6)


def test_without_colourfulness_only_brightness_varies():
    np.testing.assert_allclose(deviations(0.0), [1.0, 0.0, 0.0], atol=1e-7)


@pytest.mark.parametrize(("n_channels", "shape"), [(1, (1, 1)), (2, (3, 2)), (3, (3, 3)), (4, (5, 4))])
def test_every_number_of_channels_has_a_mixing(n_channels, shape):
    mix = mixing(n_channels)
    assert (mix.shape, mix.dtype) == (shape, np.float32)
    assert mix[0].tolist() == [1] * n_channels


@pytest.mark.parametrize("n_channels", [1, 2, 3, 4])
def test_colours_lie_between_black_and_white(n_channels):
    colours = draw_colours(np.random.default_rng(0), 5000, n_channels)
    assert (colours.shape, colours.dtype) == ((5000, n_channels), np.float32)
    assert (colours.min(), colours.max()) == (0, 1)


def test_brightness_of_colours_has_the_mean_and_deviation_of_photographs():
    brightness = draw_colours(np.random.default_rng(0), 20000, 3).mean(axis=1)
    assert brightness.mean() == pytest.approx(0.47, abs=0.01)
    assert brightness.std() == pytest.approx(0.24, abs=0.02)


def test_one_in_five_colours_is_vivid():
    colours = draw_colours(np.random.default_rng(0), 20000, 3)
    inside = colours[np.all((colours > 0) & (colours < 1), axis=1)]
    opponent = (inside[:, 0] - inside[:, 2]) / (2 * 0.25 * 0.3)  # unit normals, 0.8 or 2.5 times as wide
    wanted = 0.8 * 0.0124 + 0.2 * 0.4237  # P(|0.8 z| > 2) and P(|2.5 z| > 2) of a normal z
    assert np.mean(np.abs(opponent) > 2) == pytest.approx(wanted, abs=0.03)
