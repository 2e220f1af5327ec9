"""Disjoint sets of axis positions, united in bulk; some are pinned, each for a reason. Knows no ONNX."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Ids = NDArray[np.int64]


class Partition:
    """Disjoint sets over the ids 0 .. size - 1 (a union-find whose operations take whole arrays).

    >>> p = Partition(4)
    >>> p.unite(np.array([0, 1]), np.array([1, 3]))
    >>> p.roots(np.array([0, 1, 2, 3])).tolist()
    [0, 0, 2, 0]
    """

    def __init__(self, size: int) -> None:
        self._parent = np.arange(size, dtype=np.int64)
        self._pinned: list[Ids] = []
        self._causes: list[int] = []

    def roots(self, ids: Ids) -> Ids:
        """The least id of each id's set."""
        found = self._parent[ids]
        while not np.array_equal(above := self._parent[found], found):
            found = above
        self._parent[ids] = found
        return found

    def unite(self, left: Ids, right: Ids) -> None:
        """Join the sets of `left[k]` and `right[k]` for every k."""
        a, b = self.roots(left), self.roots(right)
        while (apart := a != b).any():
            high, low = np.maximum(a, b)[apart], np.minimum(a, b)[apart]
            np.minimum.at(self._parent, high, low)
            a, b = self.roots(a), self.roots(b)

    def pin(self, ids: Ids, cause: int) -> None:
        """Say that the sets of `ids` may not go, because of `cause` (a number of the caller's)."""
        self._pinned.append(np.asarray(ids, np.int64))
        self._causes.append(cause)

    def causes(self) -> NDArray[np.int64]:
        """For every root the least cause that pins its set, -1 where nothing does; `(size,)`."""
        none = np.iinfo(np.int64).max
        found = np.full(self._parent.size, none)
        if self._pinned:
            sizes = [ids.size for ids in self._pinned]
            np.minimum.at(found, self.roots(np.concatenate(self._pinned)), np.repeat(self._causes, sizes))
        return np.where(found == none, -1, found)
