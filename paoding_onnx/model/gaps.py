"""Outputs that hold no number in places, as where a mask leaves nothing to say: what can be compared of them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Columns = NDArray[np.float64]
_FAR = 2.0
"""Where a number was lost or came out of nowhere, it counts as so many deviations of its channel away."""


def filled(values: Columns) -> Columns:
    """Columns (n, n_channels) with the mean of each in place of what is no finite number.

    >>> filled(np.array([[1.0], [np.nan], [3.0]])).ravel().tolist()
    [1.0, 2.0, 3.0]
    """
    known = np.isfinite(values)
    if known.all():
        return values
    means = np.where(known, values, 0).sum(0) / np.maximum(known.sum(0), 1)
    return np.where(known, values, means)


def comparable(before: Columns, after: Columns) -> tuple[Columns, Columns]:
    """Both with numbers everywhere: where neither has one nothing changed, where one alone has it was lost.

    >>> before, after = comparable(np.array([[1.0], [np.nan], [3.0]]), np.array([[np.nan], [np.nan], [3.0]]))
    >>> (after - before).ravel().tolist()
    [2.0, 0.0, 0.0]
    """
    known, kept = np.isfinite(before), np.isfinite(after)
    if known.all() and kept.all():
        return before, after
    wanted = filled(before)
    n_known = np.maximum(known.sum(0), 1)
    deviation = np.sqrt(np.square(wanted - wanted.mean(0)).sum(0) / n_known)
    got = np.where(known & kept, after, wanted + np.where(known != kept, _FAR * deviation, 0))
    return wanted, got
