"""Batches of tensors, held in memory as far as that is allowed, else in files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import overload

import numpy as np

from paoding_onnx.model.nodes import Array
from paoding_onnx.model.scratch import Scratch

Batches = Sequence[Array]
"""A tensor's content for each batch of inputs."""


class Store:
    """Batches of tensors by name, in memory as far as allowed, else in files."""

    def __init__(self, memory: int) -> None:
        self._memory = memory
        self._values: dict[str, dict[int, Array | Path]] = {}
        self._folder: Scratch | None = None
        self._n_files = 0
        self._n_bytes = 0

    def names(self) -> tuple[str, ...]:
        """Names of all tensors, in the order in which they came."""
        return tuple(self._values)

    def get(self, name: str) -> Batches:
        """All batches of a tensor that are held."""
        return _Held(self._values[name])

    def put(self, name: str, batch: int, array: Array) -> None:
        """Hold a batch of a tensor."""
        is_full = self._n_bytes + array.nbytes > self._memory and array.ndim > 0
        self._n_bytes += 0 if is_full else array.nbytes
        self._values.setdefault(name, {})[batch] = self._on_disk(array) if is_full else array

    def drop(self, name: str, batch: int) -> None:
        """Forget a batch of a tensor, if it is held."""
        held = self._values.get(name, {}).pop(batch, None)
        if isinstance(held, Path):
            held.unlink()
        elif held is not None:
            self._n_bytes -= held.nbytes
        if not self._values.get(name, True):
            del self._values[name]

    def close(self) -> None:
        """Forget everything."""
        self._values.clear()
        if self._folder is not None:
            self._folder.close()

    def _on_disk(self, array: Array) -> Path:
        self._folder = self._folder or Scratch()
        self._n_files += 1
        path = self._folder.path / f"{self._n_files}.npy"
        np.save(path, array)
        return path


class _Held(Sequence[Array]):
    """Batches of which some are in files: those are read when they are asked for, and never mapped.

    Pages of a mapped file count as memory of the process for as long as the system has no better use for them.
    """

    def __init__(self, batches: Mapping[int, Array | Path]) -> None:
        self._batches = batches

    def __len__(self) -> int:
        return len(self._batches)

    @overload
    def __getitem__(self, key: int) -> Array: ...
    @overload
    def __getitem__(self, key: slice) -> Sequence[Array]: ...
    def __getitem__(self, key: int | slice) -> Array | Sequence[Array]:
        if isinstance(key, slice):
            return [self[number] for number in range(*key.indices(len(self)))]
        held = self._batches.get(key)
        if held is None:
            raise IndexError(key)
        return np.load(held) if isinstance(held, Path) else held
