"""How far two outputs of a model differ. Numbers in, numbers out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from paoding_onnx.model.graph import Array

Floats = NDArray[np.float64]


def output_difference(before: Mapping[str, Array], after: Mapping[str, Array]) -> float:
    """How far outputs moved: root mean square difference over root mean square, of the output that moved most."""
    return max(_relative(before[name], after[name]) for name in before)


def _relative(before: Array, after: Array) -> float:
    if before.dtype.kind != "f" or before.shape != after.shape:
        return float(not np.array_equal(before, after))
    a, b = before.astype(np.float64), after.astype(np.float64)
    scale = float(np.sqrt(np.mean(a * a))) if a.size else 0.0
    return float(np.sqrt(np.mean((a - b) ** 2))) / scale if scale else float(np.abs(b).max(initial=0.0))


def _distance(wanted: Mapping[str, Sequence[Array]], got: Mapping[str, Sequence[Array]]) -> float:
    """Harm averaged over the outputs of floats."""
    shares = [share for name in wanted if (share := _share(wanted[name], got[name])) is not None]
    return float(np.mean(shares)) if shares else 0.0


def _share(wanted: Sequence[Array], got: Sequence[Array]) -> float | None:
    if wanted[0].dtype.kind != "f" or any(a.shape != b.shape for a, b in zip(wanted, got, strict=True)):
        return None
    a, b = (np.concatenate([np.asarray(part, np.float64) for part in parts]) for parts in (wanted, got))
    if a.ndim == 2 and a.shape[1] > 1 and a.min() >= 0 and np.allclose(a.sum(1), 1, atol=1e-3):
        return _divergence(*(np.log(np.maximum(of, 1e-9)) for of in (a, b)))
    spread = float(a.var(0).mean() if a.ndim == 2 else a.var())
    change = float(np.square(a - b).mean()) / spread if spread > 0 else None
    if a.ndim != 2 or a.shape[1] == 1:
        return change
    return max(_divergence(_log_softmax(a), _log_softmax(b)), change or 0.0)


def _divergence(wanted: NDArray[np.float64], got: NDArray[np.float64]) -> float:
    """Mean Kullback-Leibler divergence of rows of logarithms of probabilities."""
    return float((np.exp(wanted) * (wanted - got)).sum(1).mean())


def _log_softmax(scores: NDArray[np.float64]) -> NDArray[np.float64]:
    lower = scores - scores.max(1, keepdims=True)
    return np.asarray(lower - np.log(np.exp(lower).sum(1, keepdims=True)))


def softmax(logits: Floats) -> Floats:
    """Probabilities (n, n_classes) of logits.

    >>> softmax(np.array([[0.0, 0.0]])).tolist()
    [[0.5, 0.5]]
    """
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=1, keepdims=True))


def _sigmoid(logits: Floats) -> Floats:
    return np.asarray(0.5 * (1 + np.tanh(0.5 * logits)))
