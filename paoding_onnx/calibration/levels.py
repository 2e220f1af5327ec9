"""Synthetic rows brought to the level of real ones: their mean, their deviation and their range."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from paoding_onnx.calibration.input_kinds import InputRole, Kind
from paoding_onnx.model.nodes import Array

Doubles = NDArray[np.float64]
ENOUGH = 8
"""Real rows that tell the mean and deviation of a place."""
_TINY = 1e-6
_AT_A_TIME, _NUMBERS_AT_A_TIME = 32, 1 << 20
"""So many rows, or as few as hold so many numbers, are there in double precision at a time."""


def levelled(rows: Array, like: Array, role: InputRole) -> Array:
    """The rows with the mean and deviation of the real ones, within their range; integers as they are.

    Each channel of images, and each column of a table, has its own; of inputs of which nothing is known each place, if
    there are enough real ones to tell.
    """
    if rows.dtype.kind != "f":
        return rows
    places = tuple(range(1, rows.ndim)) if len(like) >= ENOUGH else ()
    apart = {Kind.IMAGES: (role.channels,), Kind.TABLE: (1,), Kind.NOISE: places}.get(role.kind, ())
    own, wanted = (moments(values, apart) for values in (rows, like))
    scale, low, high = wanted[1] / np.maximum(own[1], _TINY), like.min(), like.max()
    found = np.empty_like(rows)
    for few in _few_rows(rows):
        found[few] = np.clip((np.asarray(rows[few], np.float64) - own[0]) * scale + wanted[0], low, high)
    return found


def _few_rows(values: Array) -> Iterator[slice]:
    """All rows, a few at a time."""
    step = min(max(_NUMBERS_AT_A_TIME * len(values) // max(values.size, 1), 1), _AT_A_TIME)
    return (slice(start, start + step) for start in range(0, len(values), step))


def moments(values: Array, apart: tuple[int, ...] = ()) -> tuple[Doubles, Doubles]:
    """Mean and deviation, of each position on the axes `apart`, looked at a few rows at a time.

    >>> [part.item() for part in moments(np.array([[1.0], [3.0]]))]
    [2.0, 1.0]
    """
    others = tuple(axis for axis in range(values.ndim) if axis not in apart)
    parts = [values[few] for few in _few_rows(values)]
    count = math.prod(values.shape[axis] for axis in others)
    mean = sum(np.sum(part, others, np.float64, keepdims=True) for part in parts) / count
    off = sum(np.sum(np.square(part - mean), others, keepdims=True) for part in parts) / count
    return mean, np.sqrt(off)
