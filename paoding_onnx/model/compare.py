"""How far two outputs of a model differ, and what scores say as probabilities. Numbers in, numbers out; no model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from paoding_onnx.model.nodes import Array

Floats = NDArray[np.float64]
_Real = TypeVar("_Real", np.float32, np.float64)
_LEAST = 1e-9
"""Probabilities below this count as this where they are compared: models round differently there."""


def output_difference(before: Mapping[str, Array], after: Mapping[str, Array]) -> float:
    """How far outputs moved: the relative error of the output that moved most."""
    return max(relative_error(before[name], after[name]) for name in before)


def relative_error(before: Array, after: Array) -> float:
    """Root mean square of the difference over that of `before`, all entries together.

    Where that says nothing it is the largest difference (from zeros), or 1 for any (of other numbers than floats, or
    of another shape).

    >>> relative_error(np.array([3.0, 4.0]), np.array([3.0, 3.0]))
    0.2
    """
    if before.dtype.kind != "f" or before.shape != after.shape:
        return float(not np.array_equal(before, after))
    a, b = before.astype(np.float64), after.astype(np.float64)
    scale = root_mean_square(a) if a.size else 0.0
    return root_mean_square(a - b) / scale if scale else float(np.abs(b).max(initial=0.0))


def root_mean_square(values: Floats) -> float:
    """Square root of the mean of the squares of all entries.

    >>> root_mean_square(np.array([1.0, 7.0]))
    5.0
    """
    return float(np.sqrt(np.mean(values * values)))


def distance(wanted: Mapping[str, Sequence[Array]], got: Mapping[str, Sequence[Array]]) -> float:
    """How far outputs, each in batches, are from the wanted ones: `output_distance` averaged over those of floats."""
    found = [one for name in wanted if (one := output_distance(wanted[name], got[name])) is not None]
    return float(np.mean(found)) if found else 0.0


def output_distance(wanted: Sequence[Array], got: Sequence[Array]) -> float | None:
    """How far the batches of one output are from the wanted ones, on a scale of its own; `None` where there is none.

    Probabilities of classes: the divergence in nats. Values: the mean squared change over the variance. Scores that
    may be either, rows of more than one number: the larger of both.
    """
    if wanted[0].dtype.kind != "f" or any(a.shape != b.shape for a, b in zip(wanted, got, strict=True)):
        return None
    a, b = (np.concatenate([np.asarray(part, np.float64) for part in parts]) for parts in (wanted, got))
    if a.ndim == 2 and a.shape[1] > 1 and a.min() >= 0 and np.allclose(a.sum(1), 1, atol=1e-3):
        return divergence(*(logarithm(of, _LEAST) for of in (a, b)))
    spread = float(a.var(0).mean() if a.ndim == 2 else a.var())
    change = float(np.square(a - b).mean()) / spread if spread > 0 else None
    if a.ndim != 2 or a.shape[1] == 1:
        return change
    return max(divergence(log_softmax(a), log_softmax(b)), change or 0.0)


def divergence(wanted: Floats, got: Floats) -> float:
    """Mean Kullback-Leibler divergence, in nats, of rows of logarithms of probabilities (n, n_classes).

    >>> divergence(np.log([[0.5, 0.5]]), np.log([[0.5, 0.5]]))
    0.0
    """
    return float((np.exp(wanted) * (wanted - got)).sum(1).mean())


def entropy(probabilities: NDArray[_Real]) -> NDArray[_Real]:
    """Entropy, in nats, of probabilities (..., n_classes), one number (...) each.

    >>> round(float(entropy(np.array([0.5, 0.5]))), 4)
    0.6931
    """
    return np.asarray(-(probabilities * logarithm(probabilities, 1e-12)).sum(-1))


def logarithm(probabilities: NDArray[_Real], least: float) -> NDArray[_Real]:
    """Logarithms of probabilities, those below `least` taken for `least`.

    >>> logarithm(np.array([1.0, 0.0]), 1.0).tolist()
    [0.0, 0.0]
    """
    return np.asarray(np.log(np.maximum(probabilities, least)))


def softmax(logits: Floats) -> Floats:
    """Probabilities (n, n_classes) of logits.

    >>> softmax(np.array([[0.0, 0.0]])).tolist()
    [[0.5, 0.5]]
    """
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=1, keepdims=True))


def log_softmax(logits: Floats) -> Floats:
    """Logarithms of the probabilities (n, n_classes) of logits.

    >>> log_softmax(np.array([[0.0, -1e9]])).tolist()
    [[0.0, -1000000000.0]]
    """
    lower = logits - logits.max(axis=1, keepdims=True)
    return np.asarray(lower - np.log(np.exp(lower).sum(axis=1, keepdims=True)))


def log_sum_exp(logits: Floats) -> Floats:
    """Logarithm (n,) of the sum of the powers of logits (n, n_classes), however large these are.

    >>> log_sum_exp(np.array([[1000.0, -1000.0]])).tolist()
    [1000.0]
    """
    top = logits.max(axis=1)
    return np.asarray(top + np.log(np.exp(logits - top[:, None]).sum(axis=1)))


def sigmoid(logits: Floats) -> Floats:
    """Probability of the positive class; small ones keep their digits.

    >>> sigmoid(np.array([0.0])).tolist()
    [0.5]
    """
    return np.asarray(np.exp(-np.logaddexp(0, -logits)))
