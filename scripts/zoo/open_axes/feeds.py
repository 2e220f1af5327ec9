"""Arrays for inputs that are described by a shape and a word or two. Needs numpy alone.

- `normal`, `uniform`: float32 numbers around zero, or in [0, 1)
- `ids LOW HIGH`: int64 numbers in [LOW, HIGH)
- `ones`, `zeros`: int64, as masks that hide nothing and types of segments
- `prefix`: int64 masks of ones up to a length of each row's own, the first row whole
- `positions START`: int64, counted along the last axis from START
- `lengths MOST`: int64 in [1, MOST], falling, the first one MOST
- `edges N`: int64 in [0, N), as ends of edges among N nodes
- `adjacency`: float32 of zeros and ones, with ones on the diagonal of the last two axes
- `flags`: bool, true for about one place of three, never at a row's first
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
Fill = Callable[[tuple[int, ...], np.random.Generator, tuple[int, ...]], Array]


def feed(described: Mapping[str, Mapping[str, Any]], seed: int) -> dict[str, Array]:
    """An array for each input of a description such as `{"x": {"shape": [3, 16], "fill": "ids 0 300"}}`."""
    rng = np.random.default_rng(seed)
    return {name: array(tuple(one["shape"]), one["fill"], rng) for name, one in described.items()}


def array(shape: tuple[int, ...], fill: str, rng: np.random.Generator) -> Array:
    """One array of the shape, filled as the words say."""
    kind, *words = fill.split()
    return _FILLS[kind](shape, rng, tuple(map(int, words)))


def _normal(shape: tuple[int, ...], rng: np.random.Generator, _: tuple[int, ...]) -> Array:
    return rng.standard_normal(shape).astype(np.float32)


def _uniform(shape: tuple[int, ...], rng: np.random.Generator, _: tuple[int, ...]) -> Array:
    return rng.random(shape).astype(np.float32)


def _ids(shape: tuple[int, ...], rng: np.random.Generator, numbers: tuple[int, ...]) -> Array:
    return rng.integers(numbers[0], numbers[1], shape)


def _ones(shape: tuple[int, ...], _: np.random.Generator, __: tuple[int, ...]) -> Array:
    return np.ones(shape, np.int64)


def _zeros(shape: tuple[int, ...], _: np.random.Generator, __: tuple[int, ...]) -> Array:
    return np.zeros(shape, np.int64)


def _prefix(shape: tuple[int, ...], rng: np.random.Generator, _: tuple[int, ...]) -> Array:
    lengths = rng.integers(1, shape[-1] + 1, (*shape[:-1], 1))
    lengths[0] = shape[-1]
    return (np.arange(shape[-1]) < lengths).astype(np.int64)


def _positions(shape: tuple[int, ...], _: np.random.Generator, numbers: tuple[int, ...]) -> Array:
    return np.ascontiguousarray(np.broadcast_to(np.arange(shape[-1], dtype=np.int64) + numbers[0], shape))


def _lengths(shape: tuple[int, ...], rng: np.random.Generator, numbers: tuple[int, ...]) -> Array:
    drawn = np.sort(rng.integers(1, numbers[0] + 1, shape))[::-1].copy()
    drawn[0] = numbers[0]
    return drawn


def _edges(shape: tuple[int, ...], rng: np.random.Generator, numbers: tuple[int, ...]) -> Array:
    return rng.integers(0, numbers[0], shape)


def _adjacency(shape: tuple[int, ...], rng: np.random.Generator, _: tuple[int, ...]) -> Array:
    return np.maximum(rng.random(shape) < 1 / 3, np.eye(shape[-1], dtype=bool)).astype(np.float32)


def _flags(shape: tuple[int, ...], rng: np.random.Generator, _: tuple[int, ...]) -> Array:
    drawn = rng.random(shape) < 1 / 3
    drawn[..., 0] = False
    return drawn


_FILLS: Mapping[str, Fill] = MappingProxyType(
    {
        "normal": _normal,
        "uniform": _uniform,
        "ids": _ids,
        "ones": _ones,
        "zeros": _zeros,
        "prefix": _prefix,
        "positions": _positions,
        "lengths": _lengths,
        "edges": _edges,
        "adjacency": _adjacency,
        "flags": _flags,
    }
)
