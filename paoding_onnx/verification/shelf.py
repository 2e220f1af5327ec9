"""A SHELF on which tensors of a run wait until they are looked at: few of them in memory, the others on disk."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from paoding_onnx.model.nodes import Array

MOST_BYTES = 1 << 26
"""So many bytes of tensors wait in memory."""


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a tensor waits on disk, and what it is."""

    path: Path
    dtype: np.dtype[np.generic]
    shape: tuple[int, ...]

    def read(self) -> Array:
        """The tensor, read anew."""
        return np.frombuffer(self.path.read_bytes(), self.dtype).reshape(self.shape)


class Waiting(Mapping[str, Array]):
    """Tensors by name; one on disk is read whenever it is asked for."""

    def __init__(self, found: Mapping[str, Array | _Place]) -> None:
        self._found = found

    def __getitem__(self, name: str) -> Array:
        one = self._found[name]
        return one.read() if isinstance(one, _Place) else one

    def __iter__(self) -> Iterator[str]:
        return iter(self._found)

    def __len__(self) -> int:
        return len(self._found)

    def only(self, names: Collection[str]) -> Waiting:
        """Those of the tensors that have these names; nothing is read."""
        return Waiting({name: one for name, one in self._found.items() if name in names})


class Shelf:
    """Room for tensors: `most` bytes in memory, all else in files of `folder`.

    >>> Shelf(Path()).put([("x", np.zeros(2))])["x"].tolist()
    [0.0, 0.0]
    """

    def __init__(self, folder: Path, most: int | None = None) -> None:
        self._folder, self._left, self._count = folder, MOST_BYTES if most is None else most, 0

    def put(self, tensors: Iterable[tuple[str, Array]]) -> Waiting:
        """The tensors, one after the other, where there is room for them."""
        return Waiting({name: self._put(array) for name, array in tensors})

    def _put(self, array: Array) -> Array | _Place:
        """A tensor as it is if there is room, or if it holds what is no number; else where it waits."""
        if array.nbytes <= self._left or array.dtype.hasobject:
            self._left -= array.nbytes
            return array
        self._count += 1
        place = _Place(self._folder / str(self._count), array.dtype, array.shape)
        with place.path.open("wb") as file:
            file.write(np.ascontiguousarray(array).reshape(-1).view(np.uint8).data)
        return place
