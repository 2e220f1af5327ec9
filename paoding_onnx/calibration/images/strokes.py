"""Images of one channel on black: pen strokes as in writing, and bright bodies with inner structure as in scans."""

from __future__ import annotations

import numpy as np

from paoding_onnx.calibration.images.frame import Floats
from paoding_onnx.calibration.images.spectra import clouds

_STEPS = 24
"""Points by which one bent line is drawn."""


def pen_strokes(rng: np.random.Generator, count: int, height: int, width: int) -> Floats:
    """Bright lines of one to four bends on black, `(count, height, width, 1)` in [0, 1]."""
    points = _paths(rng, count)
    ink = np.full((count, height, width), np.inf, np.float32)
    rows = (np.arange(height, dtype=np.float32) + 0.5) / height
    columns = (np.arange(width, dtype=np.float32) + 0.5) / width
    for k in range(points.shape[1]):
        dy = np.square(rows - points[:, k, :1])[:, :, None]
        dx = np.square(columns - points[:, k, 1:])[:, None, :]
        np.minimum(ink, dy + dx, out=ink)
    thickness = rng.uniform(0.025, 0.085, (count, 1, 1)).astype(np.float32)
    blur = np.maximum(rng.uniform(0.15, 0.6, (count, 1, 1)).astype(np.float32) * thickness, 0.4 / min(height, width))
    peak = rng.uniform(0.75, 1.05, (count, 1, 1)).astype(np.float32)
    return np.asarray(np.clip(peak * (0.5 + (thickness - np.sqrt(ink)) / (2 * blur)), 0, 1)[..., None])


def _paths(rng: np.random.Generator, count: int) -> Floats:
    """Points `(count, n_points, 2)` in [0, 1] along chains of quadratic curves; unused ones lie far away."""
    bends = 4
    knots = rng.normal(0, 1, (count, 2 * bends + 1, 2)).astype(np.float32)
    loose = rng.random((count, bends)) < 0.25  # the pen was lifted
    time = np.linspace(0, 1, _STEPS, dtype=np.float32)[:, None]
    curves = []
    for k in range(bends):
        start, bend, stop = (knots[:, None, 2 * k + j] for j in range(3))
        curves.append((1 - time) ** 2 * start + 2 * time * (1 - time) * bend + time**2 * stop)
        knots[:, 2 * k + 2] = np.where(loose[:, k, None], rng.normal(0, 1, (count, 2)), knots[:, 2 * k + 2])
    used = rng.integers(1, bends + 1, count)
    path = np.stack(curves, 1)
    low, high = path.min((1, 2), keepdims=True), path.max((1, 2), keepdims=True)
    size = rng.uniform(0.45, 0.75, (count, 1, 1, 2)).astype(np.float32)
    path = 0.5 + (path - (low + high) / 2) / np.maximum(high - low, 1e-3) * size
    path = np.where((np.arange(bends) < used[:, None])[..., None, None], path, 9.0)
    return np.asarray(path.reshape(count, -1, 2), np.float32)


def scans(rng: np.random.Generator, count: int, height: int, width: int) -> Floats:
    """Bright rounded bodies with a rim, texture and spots on black, `(count, height, width, 1)` in [0, 1]."""
    y, x = np.linspace(-1, 1, height, dtype=np.float32)[:, None], np.linspace(-1, 1, width, dtype=np.float32)
    inner = clouds(rng, count, height, width, 1, exponent=rng.uniform(0.8, 1.6, count).astype(np.float32))[..., 0]
    body = _bump(rng, count, (y, x), size=(0.6, 0.9), offset=0.1)
    rim = np.exp(-np.square(body / rng.uniform(0.03, 0.1, (count, 1, 1)).astype(np.float32)))
    level = rng.uniform(0.2, 0.5, (count, 1, 1)).astype(np.float32)
    image = np.where(body > 0, level + 0.12 * rng.random((count, 1, 1), np.float32) * inner, 0.0)
    for _ in range(4):
        spot = np.clip(_bump(rng, count, (y, x), size=(0.05, 0.35), offset=0.5) * 4, 0, 1) * (body > 0)
        shown = rng.random((count, 1, 1)) < 0.7
        image += shown * rng.uniform(-0.4, 0.5, (count, 1, 1)) * spot
    image += rng.uniform(0, 0.8, (count, 1, 1)) * rim
    noise = rng.standard_normal(image.shape, np.float32) * 0.02 * rng.random((count, 1, 1), np.float32)
    return np.asarray(np.clip(image + noise, 0, 1).astype(np.float32)[..., None])


def _bump(
    rng: np.random.Generator, count: int, place: tuple[Floats, Floats], size: tuple[float, float], offset: float
) -> Floats:
    """1 at the centre of a turned ellipse, 0 at its edge, below 0 outside; `(count, height, width)`."""
    y, x = place
    cy, cx = rng.uniform(-offset, offset, (2, count, 1, 1)).astype(np.float32)
    a, b = rng.uniform(*size, (2, count, 1, 1)).astype(np.float32)
    angle = rng.uniform(0, np.pi, (count, 1, 1)).astype(np.float32)
    cos, sin = np.cos(angle), np.sin(angle)
    u, v = cos * (x - cx) + sin * (y - cy), cos * (y - cy) - sin * (x - cx)
    return np.asarray(1 - np.square(u / a) - np.square(v / b), np.float32)
