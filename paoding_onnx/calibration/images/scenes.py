"""Things before a background, as in photographs of one object: what classifiers of images are trained on."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from paoding_onnx.calibration.images.colours import draw_colours
from paoding_onnx.calibration.images.frame import Floats
from paoding_onnx.calibration.images.spectra import clouds

_PARTS = 6
_BODY_SIZES = ((0.35, 0.9), (0.25, 0.6))
_LIMB_SIZES = ((0.06, 0.4), (0.06, 0.4))


@dataclass(frozen=True, slots=True)
class _Place:
    """Coordinates `(count, height, width)` that turn, shift and grow with the thing; its extent is about [-1, 1]."""

    along: Floats
    down: Floats
    size: Floats


def images(rng: np.random.Generator, count: int, height: int, width: int, n_channels: int) -> Floats:
    """Images `(count, height, width, n_channels)` in [0, 1]: ground and sky, before them a thing of several parts."""
    image = _background(rng, count, height, width, n_channels)
    place = _place(rng, count, height, width)
    palette = draw_colours(rng, 3 * count, n_channels).reshape(3, count, 1, 1, n_channels)
    light = rng.normal(0, 0.15, (2, count, 1, 1)).astype(np.float32)
    surface = (light[0] * place.along + light[1] * place.down)[..., None]
    surface = surface + _uniform(rng, count, 0, 0.12)[..., None] * _texture(rng, count, height, width, n_channels)
    for part in range(_PARTS):
        mask = _part(rng, place, height, is_body=part == 0)[..., None]
        colour = palette[rng.choice([0, 0, 1, 2], count), np.arange(count)]
        image += mask * (colour + surface - image)
    return np.asarray(np.clip(image, 0, 1), np.float32)


def _background(rng: np.random.Generator, count: int, height: int, width: int, n_channels: int) -> Floats:
    """Two colours that meet at a horizon, sharply or not, under a texture."""
    y, x = _grid(height, width)
    upper, lower = draw_colours(rng, 2 * count, n_channels).reshape(2, count, 1, 1, n_channels)
    sharpness = np.exp(_uniform(rng, count, 0, 3))
    tilt = rng.normal(0, 0.15, (count, 1, 1)).astype(np.float32)
    share = np.clip(0.5 + sharpness * (y - _uniform(rng, count, -0.6, 0.9) + tilt * x), 0, 1)[..., None]
    texture = _texture(rng, count, height, width, n_channels)
    return np.asarray(upper + share * (lower - upper) + _uniform(rng, count, 0.01, 0.15)[..., None] * texture)


def _place(rng: np.random.Generator, count: int, height: int, width: int) -> _Place:
    y, x = _grid(height, width)
    size = _uniform(rng, count, 0.5, 1.1)
    dy, dx = y - _uniform(rng, count, -0.25, 0.25), x - _uniform(rng, count, -0.25, 0.25)
    angle = rng.normal(0, 0.3, (count, 1, 1)).astype(np.float32)
    cos, sin = np.cos(angle), np.sin(angle)
    return _Place((cos * dx + sin * dy) / size, (cos * dy - sin * dx) / size, size)


def _part(rng: np.random.Generator, place: _Place, height: int, *, is_body: bool) -> Floats:
    """How much of each pixel a part covers, `(count, height, width)`: an ellipse or a box, often one on either side."""
    count = len(place.size)
    a, b = (_uniform(rng, count, *bounds) for bounds in (_BODY_SIZES if is_body else _LIMB_SIZES))
    reach = 0.0 if is_body else 0.7
    at, below = _uniform(rng, count, -reach, reach), _uniform(rng, count, -reach, reach)
    is_pair = (rng.random((count, 1, 1)) < 0.5) & (not is_body)
    across = np.abs(np.where(is_pair, np.abs(place.along) - np.abs(at), place.along - at)) / a
    down = np.abs(place.down - below) / b
    is_box = rng.random((count, 1, 1)) < 0.4
    distance = np.where(is_box, np.maximum(across, down), np.sqrt(across**2 + down**2))
    is_shown = is_body | (rng.random((count, 1, 1)) < 0.75)
    sharpness = np.exp(_uniform(rng, count, np.log(height / 16), np.log(height / 3)))
    return np.asarray(is_shown * np.clip(0.5 + (1 - distance) * np.minimum(a, b) * place.size * sharpness, 0, 1))


def _texture(rng: np.random.Generator, count: int, height: int, width: int, n_channels: int) -> Floats:
    return clouds(rng, count, height, width, n_channels, rng.uniform(0.7, 1.4, count).astype(np.float32))


def _uniform(rng: np.random.Generator, count: int, low: float, high: float) -> Floats:
    return rng.uniform(low, high, (count, 1, 1)).astype(np.float32)


def _grid(height: int, width: int) -> tuple[Floats, Floats]:
    return np.linspace(-1, 1, height, dtype=np.float32)[:, None], np.linspace(-1, 1, width, dtype=np.float32)
