"""Two models on the same samples: how far they agree, and how much the measures changed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from paoding_onnx.errors import UsageError
from paoding_onnx.evaluation.metrics import Interval, Labels, auroc, bootstrap, paired_difference, proportion
from paoding_onnx.evaluation.predictions import Predictions, Task

LOPSIDED = 0.2
"""Two classes of which the rarer one has a smaller share than this make an accuracy that says little."""
_LEAST = 1e-300
_LOSSES = ("mean_squared_error",)
"""Measures that get worse as they grow; what they lose is told as a share of the original's."""
_DRAWN = "bootstrap of the samples"


@dataclass(frozen=True, slots=True)
class Difference:
    """How a measure changed from the original, with its 95 % interval; `method` says where that comes from."""

    measure: str
    interval: Interval
    method: str


def agreement(old: Labels, new: Labels) -> Interval:
    """Share of the samples for which two models say the same class, with its Wilson score interval.

    >>> agreement(np.array([1, 0]), np.array([1, 1])).value
    0.5
    """
    return proportion(old == new)


def require_alike(old: Predictions, new: Predictions) -> None:
    """Refuse to compare models that say different things.

    Raises:
        UsageError: if the models have different tasks or outputs of different shapes.
    """
    if old.scores.shape != new.scores.shape or old.task is not new.task:
        raise UsageError(
            f"the two models say different things: {old.task} {old.scores.shape} against {new.task} {new.scores.shape}"
        )


def differences(old: Predictions, new: Predictions, seed: int = 0) -> tuple[Difference, ...]:
    """The change of the task's main measures; each interval comes from pairs of answers to the same sample.

    The first one suits best: accuracy, but the area under the ROC curve where nearly all samples are of one class.
    """
    if new.task is Task.VALUES:
        return (_of_values(old, new, seed),)
    accuracy = Difference("accuracy", paired_difference(old.correct, new.correct), "adjusted Wald, paired")
    if new.task is not Task.BINARY:
        return (accuracy,)
    rarer = min(float(np.mean(new.labels == 1)), float(np.mean(new.labels != 1)))
    area = _of_area(old, new, seed)
    return (area, accuracy) if rarer < LOPSIDED else (accuracy, area)


def drop_of(difference: Difference, before: float) -> tuple[float, float]:
    """How much of a measure was lost on these samples, and at most with 95 % confidence in the paired interval.

    `before` is what the original has of it.
    """
    change = difference.interval
    if difference.measure in _LOSSES:
        whole = max(before, _LEAST)
        return change.value / whole, change.high / whole
    return -change.value, -change.low


def _of_values(old: Predictions, new: Predictions, seed: int) -> Difference:
    losses = [np.mean((said.scores - said.targets) ** 2, axis=1) for said in (old, new)]
    change = losses[1] - losses[0]
    ends = bootstrap(lambda rows: float(change[rows].mean()), len(change), rng=np.random.default_rng(seed))
    return Difference("mean_squared_error", Interval(float(change.mean()), *ends), _DRAWN)


def _of_area(old: Predictions, new: Predictions, seed: int) -> Difference:
    positive = new.labels == 1

    def change(rows: NDArray[np.intp]) -> float:
        """How the area under the ROC curve changes on these samples."""
        before, after = (auroc(said.scores[rows, 0], positive[rows]) for said in (old, new))
        return after - before

    ends = bootstrap(change, len(positive), rng=np.random.default_rng(seed))
    return Difference("auroc", Interval(change(np.arange(len(positive))), *ends), _DRAWN)
