"""Disjoint sets of axis positions, united in bulk; some are pinned, each for a reason. Knows no ONNX."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Ids = NDArray[np.int64]


def distinct(ids: Ids) -> Ids:
    """Each id once, in ascending order: most axes have theirs so already.

    >>> distinct(np.array([2, 0, 2])).tolist(), distinct(np.array([3, 4])).tolist()
    ([0, 2], [3, 4])
    """
    return ids if (ids[1:] > ids[:-1]).all() else np.unique(ids)


class Partition:
    """Disjoint sets over the ids 0 .. size - 1 (a union-find whose operations take whole arrays).

    What is to be joined waits until it is asked for a set, and is joined at once: deep networks have many short arrays.

    >>> p = Partition(4)
    >>> p.unite(np.array([0, 1]), np.array([1, 3]))
    >>> p.roots(np.array([0, 1, 2, 3])).tolist()
    [0, 0, 2, 0]
    """

    def __init__(self, size: int) -> None:
        self._parent = np.arange(size, dtype=np.int64)
        self._waiting: list[tuple[Ids, Ids]] = []
        self._pinned: list[Ids] = []
        self._causes: list[int] = []

    def roots(self, ids: Ids) -> Ids:
        """The least id of each id's set."""
        self._join()
        return self._found(ids)

    def unite(self, left: Ids, right: Ids) -> None:
        """Join the sets of `left[k]` and `right[k]` for every k."""
        self._waiting.append((np.asarray(left, np.int64), np.asarray(right, np.int64)))

    def _found(self, ids: Ids) -> Ids:
        found = self._parent[ids]
        while not np.array_equal(above := self._parent[found], found):
            found = above
        self._parent[ids] = found
        return found

    def _join(self) -> None:
        if not self._waiting:
            return
        left, right = (np.concatenate(side) for side in zip(*self._waiting, strict=True))
        self._waiting.clear()
        a, b = self._found(left), self._found(right)
        while (apart := a != b).any():
            high, low = np.maximum(a, b)[apart], np.minimum(a, b)[apart]
            np.minimum.at(self._parent, high, low)
            self._shorten(np.concatenate([high, low]))
            a, b = self._found(a), self._found(b)

    def _shorten(self, ids: Ids) -> None:
        """Let ids that lead to one another, some over thousands of others, lead to the last of them."""
        while not np.array_equal(above := self._parent[self._parent[ids]], self._parent[ids]):
            self._parent[ids] = above

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
