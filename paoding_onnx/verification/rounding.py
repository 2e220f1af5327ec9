"""How far two tensors that ought to be equal are apart, as a share of what rounding explains. Runs nothing."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from paoding_onnx.model.nodes import Array

Floats = NDArray[np.floating]
TOLERANCE = 1e-5
"""Largest difference that is allowed, as a share of the largest number in the same place of the channel axis."""
NOISE_FACTOR = 32
"""How many times the difference that rounding alone was seen to make is allowed."""
_FLOOR = 0.1
"""Numbers in a channel are not held to less than this share of the largest one in the tensor times the tolerance."""


def excess(wanted: Array, got: Array, *, floor: float = 0.0, noise: Sequence[Array] = ()) -> float:
    """The largest difference in units of what is allowed; infinite where shapes, NaNs or integers differ.

    Each position of the channel axis (1) and of the last one is held to numbers of its own size, so that none hides
    the others, though to no less than `floor`. `noise` is what the same tensor becomes with other rounding, once or a
    few times: a channel of few numbers may change little by chance.

    >>> excess(np.array([[1e5, 1.0]]), np.array([[1e5, 1.1]])) > 1
    True
    """
    if wanted.shape != got.shape:
        return float("inf")
    if wanted.dtype.kind != "f":
        return 0.0 if np.array_equal(wanted, got) else float("inf")
    share = max(TOLERANCE, 16 * _resolution(wanted))
    a, b = (_single(array) for array in (wanted, got))
    others = [_single(other) for other in noise if other.shape == wanted.shape]
    with np.errstate(invalid="ignore"):
        difference = np.abs(a - b)
    if not np.isfinite(difference).all():
        same = (a == b) | (np.isnan(a) & np.isnan(b))
        tipped = [np.isfinite(other) != np.isfinite(a) for other in others]  # whether it is a number, rounding decides
        difference = np.where(np.any([same, *tipped], axis=0), 0.0, difference)
        a = np.where(np.isfinite(a), a, 0.0)
        if not np.isfinite(difference).all():
            return float("inf")
    if not difference.any():
        return 0.0
    rough = [np.abs(a - np.where(np.isfinite(other), other, a)) for other in others]
    axes = {1, a.ndim - 1} if a.ndim > 1 else {0}
    return max(_worst(difference, np.abs(a), rough, axis=axis, floors=(share, floor)) for axis in axes)


def _worst(
    difference: Floats, sizes: Floats, rough: Sequence[Floats], *, axis: int, floors: tuple[float, float]
) -> float:
    others = tuple(k for k in range(difference.ndim) if k != axis)
    largest, (share, floor) = float(sizes.max(initial=0.0)), floors
    found, scale = (np.asarray(values.max(axis=others), np.float64) for values in (difference, sizes))
    allowed = share * np.maximum(scale, max(floor, _FLOOR * largest, float(np.finfo(np.float32).tiny)))
    if rough:
        seen = np.nan_to_num(np.max([np.asarray(one.max(axis=others), np.float64) for one in rough], axis=0))
        allowed = allowed + NOISE_FACTOR * np.maximum(seen, np.median(seen))
    return float((found / allowed).max(initial=0.0))


def _single(array: Array) -> Floats:
    """The array in float32 or float64: wide enough for its own numbers and for differences of them."""
    return np.asarray(array, np.float64 if array.dtype.itemsize > 4 else np.float32)


def _resolution(array: Array) -> float:
    """The relative spacing of numbers of less than 32 bits; for all others the tolerance is wide enough."""
    return float(np.finfo(str(array.dtype)).eps) if array.dtype.itemsize < 4 else 0.0
