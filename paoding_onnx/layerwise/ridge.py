"""Least squares with a ridge, many systems at once, made only where they help on rows held back."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from paoding_onnx.layerwise.blas import products_together
from paoding_onnx.rules.facts import Clamp

Singles = NDArray[np.float32]

RIDGE = 0.03
"""The ridge, as a share of the mean variance of the features. Measured: weaker ones fit the inputs and not the task."""
BLOCK = 4096
"""Rows that are worked on at a time."""
LARGE = 1024
"""From so many unknowns on products are worth several threads."""
ROUNDS = 4
"""Solutions in a row where outputs are clamped: which of them are beyond the clamp depends on the solution."""


@dataclass(frozen=True, slots=True)
class Equations:
    """What goes in and what should come out, `(n_systems, n_rows, n_features)` and `(n_systems, n_rows, n_made)`.

    `start` is what comes out of the weights as they are; `goal` what should.
    """

    features: Singles
    start: Singles
    goal: Singles


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
        weight, shift = _solution(fit, clamp, has_shift=has_shift)
    before = distance(held.goal, held.start, clamp)
    after = distance(held.goal, held.start + held.features @ weight + shift, clamp)
    return Solution(weight, shift, before, after) if after < before else None


def distance(goal: Singles, fitted: Singles, clamp: Clamp) -> float:
    """Mean square distance from the goal, once both are clamped."""
    off = np.clip(fitted, clamp.low, clamp.high) - np.clip(goal, clamp.low, clamp.high)
    return float(np.mean(np.square(off, dtype=np.float64)))


def _solution(rows: Equations, clamp: Clamp, *, has_shift: bool) -> tuple[Singles, Singles]:
    """Weight and shift of the ridge solution."""
    centre = rows.features.mean(1, keepdims=True) if has_shift else np.zeros_like(rows.features[:, :1])
    is_wide = rows.features.shape[2] > rows.features.shape[1]
    inverse = _inverse(rows.features, centre, is_wide=is_wide)
    fitted = rows.start
    for number in range(1 if clamp == Clamp() else ROUNDS):
        wanted = (_aim(rows.goal, fitted, clamp) if number else rows.goal) - rows.start
        level = wanted.mean(1, keepdims=True) if has_shift else np.zeros_like(wanted[:, :1])
        wanted -= level
        if is_wide:
            weight = (rows.features - centre).transpose(0, 2, 1) @ (inverse @ wanted)
        else:
            weight = inverse @ _across(rows.features, centre, wanted)
        shift = level - centre @ weight
        fitted = rows.start + rows.features @ weight + shift
    return weight, shift


def _across(features: Singles, centre: Singles, other: Singles | None = None) -> Singles:
    """Sums over rows of products of centred features with `other` columns, or with each other.

    Worked out block by block, so that no second copy of the features is made.
    """
    total: NDArray[np.float64] | None = None
    for start in range(0, features.shape[1], BLOCK):
        block = features[:, start : start + BLOCK] - centre
        part = block.transpose(0, 2, 1) @ (block if other is None else other[:, start : start + BLOCK])
        total = part.astype(np.float64) if total is None else total + part
    return np.asarray(total, np.float32 if other is not None else np.float64)


def _aim(goal: Singles, fitted: Singles, clamp: Clamp) -> Singles:
    """The goal, except that beyond the clamp anything beyond it will do.

    Source: Zhang, Zou, He, Sun 2015, "Efficient and Accurate Approximations of Nonlinear Convolutional Networks".
    """
    low = np.where(goal <= clamp.low, np.minimum(fitted, clamp.low), goal)
    return np.asarray(np.where(goal >= clamp.high, np.maximum(fitted, clamp.high), low), np.float32)


def _inverse(features: Singles, centre: Singles, *, is_wide: bool) -> Singles:
    """Inverse of the Gram matrix of the centred features with the ridge.

    The matrix is over features, or where these are more than the rows over rows, so that few rows cost little.
    """
    if is_wide:
        centred = features - centre
        gram = (centred @ centred.transpose(0, 2, 1)).astype(np.float64)
    else:
        gram = np.asarray(_across(features, centre), np.float64)
    diagonal = np.arange(gram.shape[-1])
    size = gram[:, diagonal, diagonal].sum(1) / features.shape[2]
    gram[:, diagonal, diagonal] += (RIDGE * size + np.finfo(np.float32).tiny)[:, None]
    return np.linalg.inv(gram).astype(np.float32)


@dataclass(frozen=True, slots=True)
class FittedLayer:
    """One layer: its mean square distance from the original before and after, on rows that the fit never saw.

    With fewer than eight batches these are other positions of the same inputs, which flatters `after` a little.
    """

    node: str
    before: float
    after: float
