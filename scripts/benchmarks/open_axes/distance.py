"""How far the outputs of a pruned model are from those it must have."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
FLOOR = 1e-2
"""Share of the largest number of a tensor that each entry of the last axis is measured by at least."""
SHARE_MATCHED = 0.9
"""Share of rows behind a choice of the best that must be found again; those at its edge may change."""
ROW_TOLERANCE = 1e-3


def shape_fault(wanted: Sequence[Array], found: Sequence[Array], n_free: int) -> str:
    """The first output of another shape, or nothing; with `n_free` axes of rows, how many there are is not compared."""
    for number, (a, b) in enumerate(zip(wanted, found, strict=True)):
        same = a.shape == b.shape or (n_free and a.ndim == b.ndim and a.shape[n_free:] == b.shape[n_free:])
        if not same:
            return f"output {number} is {_text(b)} and not {_text(a)}"
    return ""


def finite_fault(wanted: Sequence[Array], found: Sequence[Array]) -> str:
    """The first output that is not finite where the original is, or nothing."""
    for number, (a, b) in enumerate(zip(wanted, found, strict=True)):
        if np.isfinite(a).all() and not np.isfinite(b).all():
            return f"output {number} is not finite"
    return ""


def farthest(wanted: Sequence[Array], found: Sequence[Array]) -> float:
    """The largest distance of any output, whose shapes are the same."""
    return max((_far(a, b) for a, b in zip(wanted, found, strict=True)), default=0.0)


def _far(wanted: Array, found: Array) -> float:
    """The largest difference, each entry of the last axis on its own scale; the share that differs of integers."""
    if wanted.size == 0:
        return 0.0
    if wanted.dtype.kind != "f":
        return float((wanted != found).mean())
    a, b = wanted.astype(np.float64), found.astype(np.float64)
    same = (a == b) | (np.isnan(a) & np.isnan(b))  # infinite and undefined ones too
    known = np.where(np.isfinite(a), np.abs(a), 0)
    scale = np.maximum(known.max(axis=tuple(range(a.ndim - 1)), keepdims=True), FLOOR * known.max() + 1e-12)
    with np.errstate(invalid="ignore"):
        return float(np.where(same, 0, np.abs(a - b) / scale).max())


def rows_fault(wanted: Sequence[Array], found: Sequence[Array], n_axes: int) -> str:
    """Why the rows of one are not those of the other, in any order, or nothing.

    Rows are the first `n_axes` axes, shared by all outputs.
    """
    a, b = _rows(wanted, wanted, n_axes), _rows(found, wanted, n_axes)
    if abs(len(a) - len(b)) > max(1, 0.05 * len(a)):
        return f"{len(b)} rows and not {len(a)}"
    free = np.ones(len(b), bool)
    n_found = 0
    for row in a:
        far = np.where(free, np.abs(b - row).max(axis=1, initial=0), np.inf)
        if len(far) and far.min() <= ROW_TOLERANCE:
            free[far.argmin()] = False
            n_found += 1
    return "" if n_found >= SHARE_MATCHED * len(a) else f"{n_found} of {len(a)} rows are found again"


def _rows(outputs: Sequence[Array], scales: Sequence[Array], n_axes: int) -> Array:
    """All outputs side by side, as rows, on the scales of the outputs that are wanted."""
    n = int(np.prod(outputs[0].shape[:n_axes]))
    flat = [a.reshape(n, -1) if a.size else np.zeros((n, 0)) for a in outputs]
    sizes = [np.abs(a).max(initial=0) + 1e-12 if a.dtype.kind == "f" else 1 for a in scales]
    return np.concatenate([part / size for part, size in zip(flat, sizes, strict=True)], axis=1)


def _text(array: Array) -> str:
    return "x".join(map(str, array.shape)) or "a number"
