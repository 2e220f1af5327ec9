"""Weights too small for the processor's normal numbers, which it multiplies many times slower: they become zeros.

Weight decay drives the weights of units that do nothing towards zero until they are *denormal*, below 1.2e-38 in
float32. What they add is lost in rounding wherever it meets another number.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from types import MappingProxyType

import numpy as np

from paoding_onnx.model.load import Model
from paoding_onnx.model.nodes import Array

LEAST_SHARE = 1e-3
"""Share of a constant's numbers from which it is worth while."""
_EXPONENT, _MAGNITUDE = np.uint32(0x7F800000), np.uint32(0x7FFFFFFF)
_CHUNK = 1 << 20


def without_denormals(model: Model) -> Model:
    """The model with zeros in their place; `model` itself if no constant of float32 has many of them.

    Constants of less than a kilobyte, and of float16, whose small numbers are in use, are left alone.
    """
    flushed = {name: _flushed(array) for name, array in model.weights.items() if _share(array) >= LEAST_SHARE}
    return replace(model, weights=MappingProxyType({**model.weights, **flushed})) if flushed else model


def _share(array: Array) -> float:
    """The share of denormal numbers."""
    if array.dtype != np.float32 or not array.size:
        return 0.0
    return sum(int(_denormal(part).sum()) for part in _parts(array)) / array.size


def _parts(array: Array) -> Iterator[Array]:
    """The numbers in pieces, so that no second copy of a large constant is held."""
    flat = array.reshape(-1)
    return (flat[start : start + _CHUNK] for start in range(0, flat.size, _CHUNK))


def _denormal(numbers: Array) -> Array:
    bits = numbers.view(np.uint32)
    return np.asarray(((bits & _EXPONENT) == 0) & ((bits & _MAGNITUDE) != 0))


def _flushed(array: Array) -> Array:
    flat = np.array(array.reshape(-1))
    flat[_denormal(flat)] = 0
    flat.flags.writeable = False
    return flat.reshape(array.shape)
