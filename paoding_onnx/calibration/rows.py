"""Rows of samples put together and in order without a second copy: they may take half of the memory there is."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from paoding_onnx.model.nodes import Array


def end_to_end(parts: Iterable[Array], count: int) -> Array:
    """The rows of all parts, `count` at the most, one part of which is held beside them at a time.

    >>> end_to_end(iter([np.zeros((1, 2)), np.ones((2, 2))]), 3).tolist()
    [[0.0, 0.0], [1.0, 1.0], [1.0, 1.0]]
    """
    rows, n_filled = np.empty(0), 0
    for part in parts:
        if not n_filled:
            rows = np.empty((count, *part.shape[1:]), part.dtype)
        rows[n_filled : n_filled + len(part)] = part
        n_filled += len(part)
    return rows[:n_filled]


def put_in_order(rows: Array, order: NDArray[np.int64]) -> None:
    """Make each row k that which stands at `order[k]`, in place: samples may take half of the memory there is.

    >>> rows = np.array([[10], [11], [12]])
    >>> put_in_order(rows, np.array([2, 0, 1]))
    >>> rows.tolist()
    [[12], [10], [11]]
    """
    is_left = np.ones(len(order), np.bool_)
    for first in range(len(order)):
        kept, place = rows[first].copy() if is_left[first] else rows[first], first
        while is_left[place]:
            is_left[place] = False
            source = int(order[place])
            rows[place] = kept if source == first else rows[source]
            place = source
