"""Synthetic rows brought to the level of real ones: their mean, their deviation and their range."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from paoding_onnx.calibration.input_kinds import InputRole, Kind
from paoding_onnx.model.nodes import Array

Doubles = NDArray[np.float64]
ENOUGH = 8
"""Real rows that tell the mean and deviation of a place."""
_TINY = 1e-6


def levelled(rows: Array, like: Array, role: InputRole) -> Array:
    """The rows with the mean and deviation of the real ones, within their range; integers as they are.

    Each channel of images, and each column of a table, has its own; of inputs of which nothing is known each place, if
    there are enough real ones to tell.
    """
    if rows.dtype.kind != "f":
        return rows
    places = tuple(range(1, rows.ndim)) if len(like) >= ENOUGH else ()
    apart = {Kind.IMAGES: (role.channels,), Kind.TABLE: (1,), Kind.NOISE: places}.get(role.kind, ())
    own, wanted = (_moments(values, apart) for values in (rows, like))
    values = (np.asarray(rows, np.float64) - own[0]) * (wanted[1] / np.maximum(own[1], _TINY)) + wanted[0]
    return np.asarray(np.clip(values, like.min(), like.max()), rows.dtype)


def _moments(values: Array, apart: tuple[int, ...]) -> tuple[Doubles, Doubles]:
    """Mean and deviation, of each position on the axes `apart`."""
    others = tuple(axis for axis in range(values.ndim) if axis not in apart)
    found = np.asarray(values, np.float64)
    return found.mean(others, keepdims=True), found.std(others, keepdims=True)
