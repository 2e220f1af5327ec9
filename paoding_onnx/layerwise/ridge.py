"""Least squares with a ridge, many systems at once, made only where they help on rows held back."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from paoding_onnx.layerwise.blas import products_together
from paoding_onnx.rules.facts import Clamp

Singles = NDArray[np.float32]

RIDGE = 0.03
"""The ridge, as a share of the mean variance of the features. Measured: weaker ones fit the inputs and not the task."""
BLOCK = 4096
"""Rows that are worked on at a time."""
PART_NUMBERS = 1 << 22
"""Numbers of features that systems are solved with at a time, if they have not more each."""
GOAL_NUMBERS = 1 << 23
"""Numbers of goals, as many columns as hold them, that are solved for at a time: of words there are very many."""
LARGE = 1024
"""From so many unknowns on products are worth several threads."""
SMALL = 64
"""Triangular matrices of no more rows are inverted as they are."""
ROUNDS = 4
"""Solutions in a row where outputs are clamped: which of them are beyond the clamp depends on the solution."""


@dataclass(frozen=True, slots=True)
class Equations:
    """What goes in and what should come out, `(n_systems, n_rows, n_features)` and `(n_systems, n_rows, n_made)`.

    `start` is what comes out of the weights as they are; `goal` what should. `weights` `(n_rows,)` say how much each
    row counts; empty if all count alike.
    """

    features: Singles
    start: Singles
    goal: Singles
    weights: Singles = field(default_factory=lambda: np.zeros(0, np.float32))


@dataclass(frozen=True, slots=True)
class Solution:
    """A solution: `weight` `(n_systems, n_features, n_made)`, `shift` `(n_systems, 1, n_made)`.

    `before` and `after` are mean square distances from the goal, once clamped, on the rows held back.
    """

    weight: Singles
    shift: Singles
    before: float
    after: float


def solve(fit: Equations, held: Equations, clamp: Clamp, *, has_shift: bool) -> Solution | None:
    """The ridge solution for the rows of `fit`, if it brings those of `held` nearer to their goal; else `None`.

    The ridge pulls towards no change at all. No row that is `held` enters the solution: `before` and `after` belong to
    what is returned.
    """
    if not fit.goal.size or not held.goal.size:
        return None
    is_large = min(fit.features.shape[1:]) >= LARGE
    with products_together() if is_large else nullcontext():
        solved = [_solution(part, clamp, has_shift=has_shift) for part in _parts(fit)]
    weight, shift = (np.concatenate(parts) for parts in zip(*solved, strict=True))
    before = distance(held.goal, held.start, clamp, held.weights)
    after = distance(held.goal, held.start + held.features @ weight + shift, clamp, held.weights)
    return Solution(weight, shift, before, after) if after < before else None


def _parts(fit: Equations) -> Iterator[Equations]:
    """A few systems at a time, so that what is worked out on the way to their solutions takes little memory."""
    n_systems = len(fit.features)
    n_parts = min(-(-fit.features.size // PART_NUMBERS), n_systems)
    for part in np.array_split(np.arange(n_systems), max(n_parts, 1)):
        own = slice(part[0], part[-1] + 1)
        yield Equations(fit.features[own], fit.start[own], fit.goal[own], fit.weights)


def distance(goal: Singles, fitted: Singles, clamp: Clamp, weights: Singles) -> float:
    """Mean square distance from the goal, once both are clamped, of rows that count as much as `weights` say."""
    off = np.clip(fitted, clamp.low, clamp.high) - np.clip(goal, clamp.low, clamp.high)
    square = np.square(off, dtype=np.float64)
    return float(np.average(square.mean((0, 2)), weights=weights) if weights.size else square.mean())


def _solution(rows: Equations, clamp: Clamp, *, has_shift: bool) -> tuple[Singles, Singles]:
    """Weight and shift of the ridge solution."""
    centre = _middle(rows.features, rows.weights) if has_shift else np.zeros_like(rows.features[:, :1])
    is_wide = rows.features.shape[2] > rows.features.shape[1]
    root = np.sqrt(rows.weights)[:, None] if rows.weights.size else np.ones((1, 1), np.float32)
    centred = _Centred(rows.features, centre, root)
    inverse = _inverse(centred, is_wide=is_wide)

    def columns(part: slice) -> tuple[Singles, Singles]:
        """Those of the solution that make a part of the columns of the goal."""
        start, goal = rows.start[:, :, part], rows.goal[:, :, part]
        weight = shift = np.zeros_like(centre[:, :, :1])
        for number in range(1 if clamp == Clamp() else ROUNDS):
            wanted = _aim(goal, start + rows.features @ weight + shift, clamp) if number else goal
            wanted = wanted - start
            level = _middle(wanted, rows.weights) if has_shift else np.zeros_like(wanted[:, :1])
            wanted = np.asarray((wanted - level) * root, np.float32)
            if is_wide:
                weight = np.asarray(centred.rows().transpose(0, 2, 1) @ inverse.times(wanted), np.float32)
            else:
                weight = np.asarray(inverse.times(centred.across(wanted)), np.float32)
            shift = level - centre @ weight
        return weight, np.asarray(shift, np.float32)

    n_parts = max(rows.goal.size // GOAL_NUMBERS, 1)
    ends = np.linspace(0, rows.goal.shape[2], n_parts + 1).astype(int).tolist()
    weights, shifts = zip(*(columns(slice(*ends_of)) for ends_of in pairwise(ends)), strict=True)
    return np.concatenate(weights, axis=2), np.concatenate(shifts, axis=2)


def _middle(values: Singles, weights: Singles) -> Singles:
    """The mean of rows that count as much as `weights` say."""
    if not weights.size:
        return np.asarray(values.mean(1, keepdims=True), np.float32)
    shares = weights / weights.sum(dtype=np.float64)
    return np.asarray(np.expand_dims(shares.astype(np.float32) @ values, 1), np.float32)


@dataclass(frozen=True, slots=True)
class _Centred:
    """Features less their centre, times the root of each row's weight; never all of them at a time unless asked for."""

    features: Singles
    centre: Singles
    root: Singles

    def rows(self, start: int = 0, stop: int | None = None) -> Singles:
        """Some rows of them."""
        root = self.root if len(self.root) == 1 else self.root[start:stop]
        return np.asarray((self.features[:, start:stop] - self.centre) * root)

    def across(self, other: Singles | None = None) -> Singles:
        """Sums over rows of products with `other` columns, or with each other."""
        total: NDArray[np.float64] | None = None
        for start in range(0, self.features.shape[1], BLOCK):
            block = self.rows(start, start + BLOCK)
            part = block.transpose(0, 2, 1) @ (block if other is None else other[:, start : start + BLOCK])
            total = part.astype(np.float64) if total is None else total + part
        return np.asarray(total, np.float32 if other is not None else np.float64)


def _aim(goal: Singles, fitted: Singles, clamp: Clamp) -> Singles:
    """The goal, except that beyond the clamp anything beyond it will do.

    Source: Zhang, Zou, He, Sun 2015, "Efficient and Accurate Approximations of Nonlinear Convolutional Networks".
    """
    low = np.where(goal <= clamp.low, np.minimum(fitted, clamp.low), goal)
    return np.asarray(np.where(goal >= clamp.high, np.maximum(fitted, clamp.high), low), np.float32)


@dataclass(frozen=True, slots=True)
class _Inverse:
    """The inverse of symmetric matrices, as the Gram matrix of triangular ones, `(n_systems, n, n)`."""

    triangle: Singles

    def times(self, columns: Singles) -> Singles:
        """The inverse times `columns`."""
        return np.asarray(self.triangle.transpose(0, 2, 1) @ (self.triangle @ columns))


def _inverse(centred: _Centred, *, is_wide: bool) -> _Inverse:
    """Inverse of the Gram matrix of the centred features with the ridge.

    The matrix is over features, or where these are more than the rows over rows, so that few rows cost little.
    """
    if is_wide:
        rows = centred.rows()
        gram = (rows @ rows.transpose(0, 2, 1)).astype(np.float64)
    else:
        gram = np.asarray(centred.across(), np.float64)
    diagonal = np.arange(gram.shape[-1])
    size = gram[:, diagonal, diagonal].sum(1) / centred.features.shape[2]
    gram[:, diagonal, diagonal] += (RIDGE * size + np.finfo(np.float32).tiny)[:, None]
    try:
        lower = np.linalg.cholesky(gram).astype(np.float32)
    except np.linalg.LinAlgError:  # there are numbers that are none: no solution will help
        return _Inverse(np.full(gram.shape, np.nan, np.float32))
    return _Inverse(_triangular_inverse(lower))


def _triangular_inverse(lower: Singles) -> Singles:
    """Inverse of lower triangular matrices: of both halves, and what these make of the rest."""
    size = lower.shape[-1]
    if size <= SMALL:
        return np.linalg.inv(lower)
    half = size // 2
    found = np.zeros_like(lower)
    first, second = _triangular_inverse(lower[:, :half, :half]), _triangular_inverse(lower[:, half:, half:])
    found[:, :half, :half], found[:, half:, half:] = first, second
    found[:, half:, :half] = -(second @ (lower[:, half:, :half] @ first))
    return found


@dataclass(frozen=True, slots=True)
class FittedLayer:
    """One layer: its mean square distance from the original before and after, on rows that the fit never saw.

    With fewer than eight batches these are other positions of the same inputs, which flatters `after` a little.
    """

    node: str
    before: float
    after: float
