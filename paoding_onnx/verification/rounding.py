"""How far two tensors that ought to be equal are apart, as a share of what rounding explains. Runs nothing."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from paoding_onnx.model.nodes import Array

Floats = NDArray[np.float64]
TOLERANCE = 1e-5
"""Largest difference that is allowed, as a share of the largest number in the same place of the channel axis."""
NOISE_FACTOR = 32
"""How many times the difference that rounding alone was seen to make is allowed."""
_FLOOR = 1e-2
"""Numbers in a channel are not held to less than this share of the largest one in the tensor times the tolerance."""


def excess(wanted: Array, got: Array, *, floor: float = 0.0, noise: Array | None = None) -> float:
    """The largest difference in units of what is allowed; infinite where shapes, NaNs or integers differ.

    Each position of the channel axis (1) and of the last one is held to numbers of its own size, so that none hides
    the others, though to no less than `floor`. `noise` is what the same tensor becomes with other rounding.

    >>> excess(np.array([[1e5, 1.0]]), np.array([[1e5, 1.1]])) > 1
    True
    """
    if wanted.shape != got.shape:
        return float("inf")
    if wanted.dtype.kind != "f":
        return 0.0 if np.array_equal(wanted, got) else float("inf")
    a, b = wanted.astype(np.float64), got.astype(np.float64)
    same = (a == b) | (np.isnan(a) & np.isnan(b))
    if same.all():
        return 0.0
    with np.errstate(invalid="ignore"):
        difference = np.where(same, 0.0, np.abs(a - b))
    if not np.isfinite(difference).all():
        return float("inf")
    rough = None if noise is None or noise.shape != wanted.shape else np.abs(a - noise.astype(np.float64))
    share = max(TOLERANCE, 16 * _resolution(wanted))
    finite = np.where(np.isfinite(a), np.abs(a), 0.0)
    axes = {1, a.ndim - 1} if a.ndim > 1 else {0}
    return max(_worst(difference, finite, rough, axis=axis, share=share, floor=floor) for axis in axes)


def _worst(difference: Floats, sizes: Floats, rough: Floats | None, *, axis: int, share: float, floor: float) -> float:
    others = tuple(k for k in range(difference.ndim) if k != axis)
    largest = sizes.max(initial=0.0)
    scale = np.maximum(sizes.max(axis=others), max(floor, _FLOOR * largest, float(np.finfo(np.float32).tiny)))
    allowed = share * scale
    if rough is not None:
        seen = np.nan_to_num(rough).max(axis=others)
        allowed = allowed + NOISE_FACTOR * np.maximum(seen, np.median(seen))
    return float((difference.max(axis=others) / allowed).max(initial=0.0))


def _resolution(array: Array) -> float:
    """The relative spacing of numbers of less than 32 bits; for all others the tolerance is wide enough."""
    return float(np.finfo(str(array.dtype)).eps) if array.dtype.itemsize < 4 else 0.0
