"""Colours as in photographs: brightness varies most, red against blue less, green against both least."""

from __future__ import annotations

import numpy as np

from paoding_onnx.calibration.images.frame import Floats

_AXES = np.array([[1, 1, 1], [1, 0, -1], [0.5, -1, 0.5]], np.float32)
"""Brightness and the two opponent colours, the principal axes of colours in photographs.

Source: Ruderman, Cronin, Chiao, "Statistics of cone responses to natural images", JOSA A 15 (1998).
"""


def mixing(n_channels: int, colourfulness: float = 1.0) -> Floats:
    """Matrix `(n_components, n_channels)` that turns independent unit normals into deviations of colour."""
    if n_channels != 3:
        shared = np.ones((1, n_channels), np.float32)
        return shared if n_channels == 1 else np.concatenate([shared, 0.3 * np.eye(n_channels, dtype=np.float32)])
    spread = np.array([1.0, 0.3 * colourfulness, 0.15 * colourfulness], np.float32)
    return np.asarray(spread[:, None] * _AXES, np.float32)


def draw_colours(rng: np.random.Generator, count: int, n_channels: int) -> Floats:
    """Colours `(count, n_channels)` in [0, 1]; one in five is a vivid one."""
    mix = mixing(n_channels)
    deviations = rng.standard_normal((count, len(mix)), np.float32)
    deviations[:, 1:] *= np.where(rng.random((count, 1)) < 0.2, 2.5, 0.8)
    return np.asarray(np.clip(0.47 + 0.25 * deviations @ mix, 0, 1), np.float32)
