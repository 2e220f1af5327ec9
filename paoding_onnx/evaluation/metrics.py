"""Figures of merit of a model's outputs on labelled samples. Knows arrays only: no model, no file.

Definitions are scikit-learn's, so that figures can be compared: ties count half in the area under the ROC curve, the
average precision is the sum over thresholds without interpolation, classes that never occur are left out of means.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from paoding_onnx.model.compare import logarithm

Floats = NDArray[np.float64]
Labels = NDArray[np.int64]
_NORMAL_95 = 1.959963984540054
"""Two-sided 95 % of the normal distribution lies within this."""
_SMALLEST = np.finfo(np.float64).tiny


@dataclass(frozen=True, slots=True)
class ClassScore:
    """How one class fares: `samples` have the label; precision and recall of the predicted class, area of its score."""

    name: str
    samples: int
    precision: float
    recall: float
    f1: float
    auroc: float


@dataclass(frozen=True, slots=True)
class Interval:
    """A share or difference and the ends of its 95 % confidence interval."""

    value: float
    low: float
    high: float


def top_k_accuracy(scores: Floats, labels: Labels, k: int = 1) -> float:
    """Share of samples whose label is among the `k` highest of `scores` (n, n_classes); of equal ones the first counts.

    >>> top_k_accuracy(np.array([[0.1, 0.9], [0.5, 0.5]]), np.array([0, 0]))
    0.5
    """
    own = scores[np.arange(len(labels)), labels][:, None]
    is_earlier = np.arange(scores.shape[1]) < labels[:, None]
    rank = np.count_nonzero((scores > own) | ((scores == own) & is_earlier) | np.isnan(own), axis=1)
    return float(np.mean(rank < k))


def auroc(scores: Floats, positive: NDArray[np.bool_]) -> float:
    """Chance that a positive sample scores higher than a negative one, ties counted half; NaN without both kinds.

    >>> auroc(np.array([0.1, 0.9, 0.5]), np.array([False, True, True]))
    1.0
    """
    if np.isnan(scores).any() or not 0 < np.count_nonzero(positive) < len(positive):
        return math.nan
    negatives = np.sort(scores[~positive])
    below = np.searchsorted(negatives, scores[positive], "left")
    not_above = np.searchsorted(negatives, scores[positive], "right")
    return float((below + not_above).mean() / (2 * len(negatives)))


def average_precision(scores: Floats, positive: NDArray[np.bool_]) -> float:
    """Precision at each threshold, weighted by the recall gained there; NaN without a positive sample.

    >>> average_precision(np.array([0.1, 0.4, 0.35, 0.8]), np.array([False, False, True, True]))
    0.8333333333333333
    """
    if np.isnan(scores).any() or not positive.any():
        return math.nan
    order = np.argsort(-scores, kind="stable")
    hits = np.cumsum(positive[order])
    last_of_ties = np.append(np.diff(scores[order]) != 0, True)
    counts = np.flatnonzero(last_of_ties) + 1
    found = hits[last_of_ties]
    return float(np.sum(np.diff(found, prepend=0) * (found / counts)) / hits[-1])


def f1(predicted: NDArray[np.bool_], positive: NDArray[np.bool_]) -> float:
    """Harmonic mean of precision and recall; 0 where nothing was found.

    >>> f1(np.array([True, True, False]), np.array([True, False, False]))
    0.6666666666666666
    """
    found = int(np.count_nonzero(predicted & positive))
    return _ratio(2 * found, int(np.count_nonzero(predicted)) + int(np.count_nonzero(positive)))


def log_loss(probabilities: Floats, labels: Labels) -> float:
    """Mean negative logarithm of the probability (n, n_classes) of the label, in nats.

    >>> round(log_loss(np.array([[0.5, 0.5]]), np.array([0])), 4)
    0.6931
    """
    own = probabilities[np.arange(len(labels)), labels]
    return float(-logarithm(own, _SMALLEST).mean())


def mean_squared_error(values: Floats, targets: Floats) -> float:
    """Mean of the squared differences over all entries.

    >>> mean_squared_error(np.array([1.0, 2.0]), np.array([1.0, 4.0]))
    2.0
    """
    return float(np.mean((values - targets) ** 2))


def determination(values: Floats, targets: Floats) -> float:
    """R²: share of the targets' variance that `values` explain, all entries together; NaN where there is none.

    >>> determination(np.array([1.0, 2.0]), np.array([1.0, 2.0]))
    1.0
    """
    spread = np.sum((targets - targets.mean(axis=0)) ** 2)
    return float(1 - np.sum((values - targets) ** 2) / spread) if spread else math.nan


def class_scores(
    scores: Floats, predicted: Labels, labels: Labels, names: tuple[str, ...] = ()
) -> tuple[ClassScore, ...]:
    """The table of classes: every column of `scores` (n, n_classes) against the rest."""
    rows = []
    for index in range(scores.shape[1]):
        is_own, is_said = labels == index, predicted == index
        found, own = int(np.count_nonzero(is_own & is_said)), int(np.count_nonzero(is_own))
        precision, recall = _ratio(found, int(np.count_nonzero(is_said))), _ratio(found, own)
        name = names[index] if index < len(names) else str(index)
        area = auroc(scores[:, index], is_own)
        rows.append(ClassScore(name, own, precision, recall, f1(is_said, is_own), area))
    return tuple(rows)


def proportion(hits: NDArray[np.bool_]) -> Interval:
    """The share of hits; Wilson score interval, which is honest where nearly all or none are hits.

    Source: Wilson, "Probable inference, the law of succession, and statistical inference", J. Am. Stat. Assoc. 22
    (1927).

    >>> proportion(np.array([True] * 10)).high
    1.0
    """
    n, share, square = len(hits), float(np.mean(hits)), _NORMAL_95**2
    centre = (share + square / (2 * n)) / (1 + square / n)
    half = _NORMAL_95 * math.sqrt(share * (1 - share) / n + square / (4 * n**2)) / (1 + square / n)
    low = max(centre - half, 0.0) if share > 0 else 0.0  # not a rounding error away from it
    high = min(centre + half, 1.0) if share < 1 else 1.0
    return Interval(share, low, high)


def paired_difference(before: NDArray[np.bool_], after: NDArray[np.bool_]) -> Interval:
    """How much the share of correct samples changed, both models evaluated on the same samples; adjusted Wald interval.

    Only samples on which the models disagree count, as in McNemar's test. One more on either side keeps the interval
    honest where there are few or none of them. Source: Bonett and Price, "Adjusted Wald confidence interval for a
    difference of binomial proportions based on paired data", J. Educ. Behav. Stat. 37 (2012).

    >>> paired_difference(np.array([True, True]), np.array([True, True])).value
    0.0
    """
    n = len(before)
    lost, won = _discordant(before, after)
    p_lost, p_won = (lost + 1) / (n + 2), (won + 1) / (n + 2)
    centre = p_won - p_lost
    half = _NORMAL_95 * math.sqrt((p_lost + p_won - centre**2) / (n + 2))
    return Interval((won - lost) / n, max(centre - half, -1.0), min(centre + half, 1.0))


def mcnemar(before: NDArray[np.bool_], after: NDArray[np.bool_]) -> float:
    """Exact two-sided p-value: how probable so uneven a split of disagreements is if neither model is better.

    >>> round(mcnemar(np.array([True] * 5), np.array([False] * 5)), 6)
    0.0625
    """
    lost, won = _discordant(before, after)
    total = lost + won
    logs = (math.lgamma(total + 1) - math.lgamma(k + 1) - math.lgamma(total - k + 1) for k in range(min(lost, won) + 1))
    return min(1.0, 2 * math.fsum(math.exp(log - total * math.log(2)) for log in logs))


def bootstrap(
    measure: Callable[[NDArray[np.intp]], float], n_samples: int, *, rng: np.random.Generator, n_resamples: int = 1000
) -> tuple[float, float]:
    """95 % percentile interval of `measure`, which is called with the numbers of the samples drawn.

    >>> bootstrap(lambda rows: 0.5, 10, rng=np.random.default_rng(0), n_resamples=20)
    (0.5, 0.5)
    """
    found = [measure(rng.integers(0, n_samples, n_samples)) for _ in range(n_resamples)]
    finite = [value for value in found if not math.isnan(value)]
    if not finite:
        return math.nan, math.nan
    low, high = np.quantile(finite, (0.025, 0.975))
    return float(low), float(high)


def mean_over_classes(values: list[float]) -> float:
    """The mean of the figures that exist; NaN if none does.

    >>> mean_over_classes([0.5, math.nan, 1.0])
    0.75
    """
    finite = [value for value in values if not math.isnan(value)]
    return math.fsum(finite) / len(finite) if finite else math.nan


def _discordant(before: NDArray[np.bool_], after: NDArray[np.bool_]) -> tuple[int, int]:
    """How many samples only `before` has right, and how many only `after`."""
    return int(np.count_nonzero(before & ~after)), int(np.count_nonzero(after & ~before))


def _ratio(part: int, whole: int) -> float:
    return part / whole if whole else 0.0
