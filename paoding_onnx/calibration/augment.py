"""Images made from images: parts pasted from one into another, blends, other colours, shifts, mirror images.

Chosen again and again by what a model predicts, such copies come closer to what the model was trained on than the
same number of fresh images does.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from paoding_onnx.calibration.images.frame import Floats

_PASTED, _BLENDED = 0, 1


def augmented(rng: np.random.Generator, images: Floats) -> Floats:
    """One child for each of `images`, `(count, height, width, n_channels)` in any range, which the children keep."""
    count = len(images)
    partners = images[rng.permutation(count)]
    kind = rng.integers(0, 3, (count, 1, 1, 1))
    share = np.where(kind == _PASTED, _patch(rng, images), np.float32(0.4) * (kind == _BLENDED))
    children = _recoloured(rng, images + share * (partners - images))
    return _moved(rng, np.clip(children, images.min(), images.max()))


def _patch(rng: np.random.Generator, images: Floats) -> Floats:
    """1 inside an ellipse, 0 outside, `(count, height, width, 1)`."""
    count, height, width = images.shape[:3]
    y, x = np.linspace(-1, 1, height)[:, None], np.linspace(-1, 1, width)
    centre, size = rng.uniform(-0.7, 0.7, (2, count, 1, 1)), rng.uniform(0.3, 0.9, (2, count, 1, 1))
    distance = np.hypot((y - centre[0]) / size[0], (x - centre[1]) / size[1])
    return np.asarray(np.clip(0.5 + 6 * (1 - distance), 0, 1)[..., None], np.float32)


def _recoloured(rng: np.random.Generator, images: Floats) -> Floats:
    """The images with other contrast, brightness and tint, by amounts in proportion to their range."""
    count, n_channels = len(images), images.shape[-1]
    middle, extent = images.mean((0, 1, 2)), images.max() - images.min()
    gain = rng.uniform(0.6, 1.3, (count, 1, 1, 1)) * (1 + 0.1 * rng.standard_normal((count, 1, 1, n_channels)))
    shift = extent * rng.uniform(-0.12, 0.12, (count, 1, 1, 1))
    return np.asarray(middle + gain.astype(np.float32) * (images - middle) + shift.astype(np.float32), np.float32)


def _moved(rng: np.random.Generator, images: Floats) -> Floats:
    """The images shifted by up to an eighth of their sides, what comes in reflected, half of them mirrored."""
    count, height, width = images.shape[:3]
    down = rng.integers(-(height // 8), height // 8 + 1, count)
    right = rng.integers(-(width // 8), width // 8 + 1, count)
    step = rng.choice([-1, 1], count)
    moved = np.empty(images.shape, np.float32)
    for k in range(count):
        rows, columns = _reflected(np.arange(height) + down[k]), _reflected(np.arange(width) + right[k])
        moved[k] = images[k][rows][:, columns[:: step[k]]]
    return moved


def _reflected(places: NDArray[np.int64]) -> NDArray[np.int64]:
    """Places beyond either end of an axis as long as there are places, folded back into it."""
    last = len(places) - 1
    return np.asarray(last - np.abs(last - np.abs(places)))
