"""What is kept of both networks, so that neither the original nor the head runs again: of every input, in 16 bits."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from paoding_onnx.context import Deployment
from paoding_onnx.errors import ModelError
from paoding_onnx.model.load import Model
from paoding_onnx.model.nodes import Array
from paoding_onnx.model.session import Session
from paoding_onnx.recovery.pool import Inputs

LARGEST = 6e4
"""Numbers in 16 bits end a little beyond this."""


class Kept:
    """One tensor for every input, `(n, ...)`: floats in 16 bits on a scale of their own, other numbers as they are."""

    def __init__(self, count: int, first: Array) -> None:
        is_float = first.dtype.kind == "f"
        size = float(np.sqrt(np.mean(np.square(first, dtype=np.float64)))) if is_float and first.size else 1.0
        self._scale = size if np.isfinite(size) and size > 0 else 1.0
        self._is_float = is_float
        self._values: Array = np.empty((count, *first.shape[1:]), np.float16 if is_float else first.dtype)

    def put(self, start: int, values: Array) -> None:
        """Keep the rows from number `start` on."""
        if self._is_float:
            values = np.clip(values.astype(np.float32) / np.float32(self._scale), -LARGEST, LARGEST)
        self._values[start : start + len(values)] = values

    def rows(self, chosen: NDArray[np.int64] | slice) -> Array:
        """Some rows, as they were."""
        found = self._values[chosen]
        return found.astype(np.float32) * np.float32(self._scale) if self._is_float else found

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of one row."""
        return tuple(self._values.shape[1:])

    @property
    def mean_square(self) -> float:
        """Mean of the squares of all numbers."""
        parts = [self._values[k : k + 256].astype(np.float32) for k in range(0, len(self._values), 256)]
        total = sum(float(np.square(part, dtype=np.float64).sum()) for part in parts)
        return total * self._scale**2 / max(self._values.size, 1)


@dataclass(frozen=True, slots=True)
class Watched:
    """A model and what to keep of it: names, each with what is made of its content before it is kept."""

    model: Model
    names: tuple[str, ...]
    made: Callable[[str, Array], Array] = lambda _name, array: array


def keep(watched: Watched, pool: Inputs, rows: int, tell: Callable[[float], None], on: Deployment) -> dict[str, Kept]:
    """Everything that is to be kept of a model, run on all inputs, `rows` at a time.

    Raises:
        ModelError: if the model does not run, or what it makes is not one entry for each input.
    """
    session = Session(watched.model, watch=watched.names, optimise=True, on=on)
    count = len(next(iter(pool.values())))
    found: dict[str, Kept] = {}
    for start, feed in _batches(pool, rows):
        values = session.run(feed)
        for name in watched.names:
            array = watched.made(name, values[name])
            if array.ndim == 0 or len(array) != len(next(iter(feed.values()))):
                raise ModelError(f"{name!r} does not hold one entry for each sample")
            found.setdefault(name, Kept(count, array)).put(start, array)
        tell(start / count)
    return found


def _batches(pool: Inputs, rows: int) -> Iterator[tuple[int, Mapping[str, Array]]]:
    count = len(next(iter(pool.values())))
    for start in range(0, count, rows):
        yield start, {name: value[start : start + rows] for name, value in pool.items()}


def first_of(model: Model, pool: Inputs, rows: int, names: Sequence[str]) -> dict[str, Array]:
    """What tensors hold on the first rows of the inputs."""
    found = Session(model, watch=names).run({name: value[:rows] for name, value in pool.items()})
    return {name: found[name] for name in names}
