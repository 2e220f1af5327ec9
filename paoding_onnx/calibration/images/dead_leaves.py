"""Dead leaves: surfaces of many sizes that hide each other, each with a colour, a shading and a texture of its own.

Of all simple models of photographs this one has the most of what convolutions look for: edges, corners, junctions and
flat regions at every scale.

Source: Lee, Mumford, Huang, "Occlusion models for natural images", IJCV 41 (2001); as training data: Baradad et al.,
"Learning to see by looking at noise", NeurIPS 2021.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from paoding_onnx.calibration.images.colours import draw_colours
from paoding_onnx.calibration.images.frame import Floats
from paoding_onnx.calibration.images.spectra import clouds

Ids = NDArray[np.int64]

_COVER = 2.0
"""How many leaves lie over a place on average; one place in seven shows the ground."""
_OVERSAMPLING = 2
_SIZES = 1.3 ** np.arange(40)
"""Radii between which leaves are laid together."""


@dataclass(frozen=True, slots=True)
class _Leaves:
    """Leaves on a stack of square canvases: centres, radii, and the canvas of each; higher ones lie on top."""

    canvas: Ids
    y: Floats
    x: Floats
    radius: Floats
    subgraph: Floats
    angle: Floats
    corners: Ids


def dead_leaves(rng: np.random.Generator, count: int, side: int, n_channels: int, largest: float) -> Floats:
    """Canvases `(count, side, side, n_channels)` in [0, 1], with leaves of up to `largest` pixels in radius."""
    fine = side * _OVERSAMPLING
    leaves = _scatter(rng, count, fine, _OVERSAMPLING * largest)
    seen = np.zeros((count, fine, fine), np.int32)
    by_size = np.argsort(leaves.radius, kind="stable")
    bounds = np.searchsorted(leaves.radius[by_size], _SIZES)
    for start, stop in pairwise(bounds):
        _lay(seen, leaves, np.sort(by_size[start:stop]))
    return _paint(rng, seen, leaves, n_channels)


def _scatter(rng: np.random.Generator, count: int, side: int, largest: float) -> _Leaves:
    """Leaves at random places; the density of their radii r falls as r ** -3, so that no scale is special."""
    smallest = min(largest / 2, max(3.0, largest / 24))
    mean_area = 2 * np.pi * smallest**2 * np.log(largest / smallest)
    total = int(_COVER * count * side * side / mean_area) + count
    quantile = rng.random(total)
    radius = 1 / np.sqrt(1 / smallest**2 - quantile * (1 / smallest**2 - 1 / largest**2))
    place = rng.random((2, total), np.float32) * side
    return _Leaves(
        canvas=rng.integers(0, count, total),
        y=place[0],
        x=place[1],
        radius=radius.astype(np.float32),
        subgraph=np.exp(rng.uniform(-0.5, 0.5, total)).astype(np.float32),
        angle=rng.uniform(0, 2 * np.pi, total).astype(np.float32),
        corners=rng.choice([0, 0, 0, 3, 4, 4, 4, 5, 6], total),
    )


def _lay(seen: NDArray[np.int32], leaves: _Leaves, chosen: Ids) -> None:
    """Write the leaves `chosen`, which have about one size, into `seen`: at each place the number of the top one."""
    if not chosen.size:
        return
    side = seen.shape[1]
    reach = int(np.ceil(1.3 * leaves.radius[chosen].max()))
    offsets = np.arange(-reach, reach + 1)
    for block in np.array_split(chosen, chosen.size * offsets.size**2 // 200_000 + 1):
        rows = leaves.y[block].astype(np.int64)[:, None] + offsets
        columns = leaves.x[block].astype(np.int64)[:, None] + offsets
        covered = _covers(leaves, block, rows, columns)
        first = (leaves.canvas[block][:, None] * side + rows % side) * side
        flat = (first[:, :, None] + (columns % side)[:, None, :])[covered]
        numbers = np.repeat((block + 1).astype(np.int32), np.count_nonzero(covered, axis=(1, 2)))
        np.maximum.at(seen.reshape(-1), flat, numbers)


def _covers(leaves: _Leaves, block: Ids, rows: Ids, columns: Ids) -> NDArray[np.bool_]:
    """Whether each leaf covers each place of its rows and columns: an ellipse, else a stretched regular polygon."""
    wide = np.sqrt(leaves.subgraph[block])[:, None]
    cos, sin = (f(leaves.angle[block])[:, None] / leaves.radius[block][:, None] for f in (np.cos, np.sin))
    dy, dx = rows + np.float32(0.5) - leaves.y[block][:, None], columns + np.float32(0.5) - leaves.x[block][:, None]
    dy, dx = dy.astype(np.float32), dx.astype(np.float32)
    u = (sin * wide * dy)[:, :, None] + (cos * wide * dx)[:, None, :]
    v = (cos / wide * dy)[:, :, None] - (sin / wide * dx)[:, None, :]
    inside = np.empty(u.shape, np.bool_)
    for corners in np.unique(leaves.corners[block]):
        those = leaves.corners[block] == corners
        inside[those] = _shape(u[those], v[those], int(corners))
    return inside


def _shape(u: Floats, v: Floats, corners: int) -> NDArray[np.bool_]:
    """Whether places lie in the unit circle (no corners), or in a regular polygon of the same area."""
    if not corners:
        return np.asarray(u * u + v * v < 1)
    angles = 2 * np.pi * np.arange(corners) / corners
    height = np.sqrt(np.pi / (corners * np.tan(np.pi / corners)))
    return np.asarray(np.all([np.float32(np.cos(a)) * u + np.float32(np.sin(a)) * v < height for a in angles], 0))


def _paint(rng: np.random.Generator, seen: NDArray[np.int32], leaves: _Leaves, n_channels: int) -> Floats:
    """The image of what is seen, at a pixel for every `_OVERSAMPLING` places each way: colours, shading, texture."""
    total = leaves.radius.size + 1
    colours = draw_colours(rng, total, n_channels)
    steps = range(_OVERSAMPLING)
    image = sum(colours[seen[:, y::_OVERSAMPLING, x::_OVERSAMPLING]] for y in steps for x in steps)
    top = seen[:, ::_OVERSAMPLING, ::_OVERSAMPLING]
    count, side = top.shape[:2]
    middle, size = np.float32(seen.shape[1] / 2), np.float32(seen.shape[1] / 4)
    slope = 0.12 * rng.standard_normal((2, total), np.float32) / np.append(size, leaves.radius)
    level = slope[0] * np.append(middle, leaves.y) + slope[1] * np.append(middle, leaves.x)
    grain = 0.15 * rng.random(total, np.float32) ** 3
    places = _OVERSAMPLING * np.arange(side, dtype=np.float32)
    texture = clouds(rng, count, side, side, 1, exponent=0.7)[..., 0]
    shade = slope[0, top] * places[:, None] + slope[1, top] * places - level[top]
    shade = np.clip(shade, -0.4, 0.4) + grain[top] * texture
    return np.asarray(np.clip(image / np.float32(len(steps) ** 2) + shade[..., None], 0, 1), np.float32)
