"""Classes in a row: lines and speech, in which only their order counts, and tags, of which each token has one."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Said = NDArray[np.int64]
_END = -2
"""Fills the places behind a sequence."""


def blank_of(said: Said) -> int:
    """The class of most positions, which says that nothing is there; one that there is not if none has most.

    Source: Graves et al. 2006, "Connectionist Temporal Classification": blanks are removed once repeats are merged.

    >>> blank_of(np.array([0, 0, 0, 5])), blank_of(np.array([0, 1, 2, 3]))
    (0, -2)
    """
    classes, counts = np.unique(said, return_counts=True)
    return int(classes[counts.argmax()]) if 2 * counts.max(initial=0) > counts.sum() else _END


def merged(said: Said, blank: int) -> Said:
    """The classes of each sequence (n, length), repeats merged and the blank left out.

    >>> merged(np.array([[0, 0, 7, 7, 0, 3]]), blank=0).tolist()
    [[7, 3, -2, -2, -2, -2]]
    """
    found = np.full(said.shape, _END, np.int64)
    for row, line in zip(found, said, strict=True):
        kept = line[np.flatnonzero(np.r_[True, line[1:] != line[:-1]])]
        kept = kept[kept != blank]
        row[: len(kept)] = kept
    return found


def tags_kept(before: Said, after: Said) -> float:
    """Share of the same tags among those places where one of both says more than the class of most places.

    >>> tags_kept(np.array([0, 0, 0, 5, 6]), np.array([0, 0, 0, 5, 0]))
    0.5
    """
    blank = blank_of(before)
    telling = (before != blank) | (after != blank)
    return float(np.mean(before[telling] == after[telling])) if telling.any() else 1.0
