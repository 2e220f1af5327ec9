"""Families of synthetic rows `(count, n_features)` for models that read tables."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from types import MappingProxyType

import numpy as np

from paoding_onnx.calibration.images.families import families as image_families
from paoding_onnx.calibration.images.frame import Floats, Frame

Family = Callable[[np.random.Generator, int], Floats]
_SMALLEST_IMAGE = 5


def families(n_features: int, weights: Floats | None) -> Mapping[str, Family]:
    """Families by name; `weights` are the first the rows are multiplied with, `(n_features, n_units)`, if known."""

    def normal(rng: np.random.Generator, count: int) -> Floats:
        return rng.standard_normal((count, n_features), np.float32)

    def uniform(rng: np.random.Generator, count: int) -> Floats:
        return rng.random((count, n_features), np.float32)

    def tailed(rng: np.random.Generator, count: int) -> Floats:
        return np.clip(rng.standard_t(3, (count, n_features)) / math.sqrt(3), -8, 8).astype(np.float32)

    def sparse(rng: np.random.Generator, count: int) -> Floats:
        filled = rng.random((count, n_features)) < rng.uniform(0.1, 0.6, (count, 1))
        return (filled * rng.random((count, n_features))).astype(np.float32)

    found: dict[str, Family] = {"normal": normal, "uniform": uniform, "heavy tails": tailed, "sparse": sparse}
    if weights is not None and len(weights) == n_features:
        found["spanned by the first weights"] = lambda rng, count: spanned(rng, count, weights)
    side = math.isqrt(n_features)
    if side * side == n_features and side >= _SMALLEST_IMAGE:
        found |= {f"flat {name}": _flat(make, Frame(side, side, 1)) for name, make in image_families(1).items()}
    return MappingProxyType(found)


def spanned(rng: np.random.Generator, count: int, weights: Floats) -> Floats:
    """Rows of mean 0 and deviation 1 that are combinations of what the first units look for.

    Training adds multiples of rows it has seen to these weights, so rows like them lie where the data did.
    """
    tails = rng.standard_t(4, (count, weights.shape[1])).astype(np.float32)
    rows = tails @ weights.T
    spread = rows.std(0) + 1e-6
    noise = rng.standard_normal(rows.shape, np.float32)
    return np.asarray(np.clip(rows / spread + 0.3 * noise, -5, 5).astype(np.float32))


def _flat(make: Callable[[np.random.Generator, int, Frame], Floats], frame: Frame) -> Family:
    return lambda rng, count: make(rng, count, frame).reshape(count, -1)
