"""Synthetic rows brought to the level of real ones: their mean, their deviation and their range."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from paoding_onnx.calibration.input_kinds import InputRole, Kind
from paoding_onnx.model.nodes import Array

Doubles = NDArray[np.float64]
ENOUGH = 8
"""Real rows that tell the mean and deviation of a place."""
_TINY = 1e-6
_AT_A_TIME = 32
"""Rows of which there are copies in double precision."""


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
    scale, low, high = wanted[1] / np.maximum(own[1], _TINY), like.min(), like.max()
    found = np.empty_like(rows)
    for k in range(0, len(rows), _AT_A_TIME):
        part = (np.asarray(rows[k : k + _AT_A_TIME], np.float64) - own[0]) * scale + wanted[0]
        found[k : k + _AT_A_TIME] = np.clip(part, low, high)
    return found


def _moments(values: Array, apart: tuple[int, ...]) -> tuple[Doubles, Doubles]:
    """Mean and deviation, of each position on the axes `apart`, looked at a few rows at a time."""
    others = tuple(axis for axis in range(values.ndim) if axis not in apart)
    parts = [values[k : k + _AT_A_TIME] for k in range(0, len(values), _AT_A_TIME)]
    count = math.prod(values.shape[axis] for axis in others)
    mean = sum(np.sum(part, others, np.float64, keepdims=True) for part in parts) / count
    off = sum(np.sum(np.square(part - mean), others, keepdims=True) for part in parts) / count
    return mean, np.sqrt(off)
