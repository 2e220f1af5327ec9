"""Quality of a model's outputs against labels: accuracy, or AUROC, average precision and F1 for one output."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

FRAUD_THRESHOLD = 0.5


def quality(scores: NDArray[np.float32], labels: NDArray[np.int64]) -> dict[str, float]:
    """Return named measures in [0, 1] of scores (n, n_outputs): detection for one output, accuracy for several.

    >>> quality(np.array([[0.1], [0.9], [0.6]], np.float32), np.array([0, 1, 0]))
    {'AUROC': 1.0, 'AP': 1.0, 'F1': 0.6666666666666666}
    >>> quality(np.array([[0.1, 0.9], [0.8, 0.2]], np.float32), np.array([1, 1]))
    {'accuracy': 0.5}
    """
    if scores.shape[1] > 1:
        return {"accuracy": float(np.mean(scores.argmax(axis=1) == labels))}
    score, is_positive = scores[:, 0], labels == 1
    return {
        "AUROC": auroc(score, is_positive),
        "AP": average_precision(score, is_positive),
        "F1": f1(score >= FRAUD_THRESHOLD, is_positive),
    }


def auroc(score: NDArray[np.float32], is_positive: NDArray[np.bool_]) -> float:
    """Return the chance that a positive sample scores above a negative one, ties counting half.

    >>> auroc(np.array([0.2, 0.2, 0.9]), np.array([False, True, True]))
    0.75
    """
    _, tie, n_tied = np.unique(score, return_inverse=True, return_counts=True)
    mean_rank = np.cumsum(n_tied) - (n_tied - 1) / 2
    n_positive = int(is_positive.sum())
    n_negative = len(score) - n_positive
    # Mann-Whitney U: the rank sum of the positives less the least it can be
    u = mean_rank[tie][is_positive].sum() - n_positive * (n_positive + 1) / 2
    return float(u / (n_positive * n_negative))


def average_precision(score: NDArray[np.float32], is_positive: NDArray[np.bool_]) -> float:
    """Return the precision averaged over the steps of recall, tied scores forming one step.

    >>> average_precision(np.array([0.9, 0.8, 0.7]), np.array([True, False, True]))
    0.8333333333333333
    """
    order = np.argsort(-score, kind="stable")
    n_found = np.cumsum(is_positive[order])
    is_step = np.append(np.diff(score[order]) != 0, True)
    precision = n_found[is_step] / (np.flatnonzero(is_step) + 1)
    recall = n_found[is_step] / n_found[-1]
    return float(np.sum(np.diff(recall, prepend=0.0) * precision))


def f1(is_predicted: NDArray[np.bool_], is_positive: NDArray[np.bool_]) -> float:
    """Return the harmonic mean of precision and recall.

    >>> f1(np.array([True, True, False]), np.array([True, False, True]))
    0.5
    """
    return float(2 * np.sum(is_predicted & is_positive) / (is_predicted.sum() + is_positive.sum()))
