"""Two models on the same samples: how far they agree, and how much the measures changed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from paoding_onnx.errors import UsageError
from paoding_onnx.evaluation.metrics import Interval, Labels, auroc, bootstrap, paired_difference, proportion
from paoding_onnx.evaluation.predictions import Predictions, Task

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
    """The change of the task's main measures; each interval comes from pairs of answers to the same sample."""
    if new.task is Task.VALUES:
        return (_of_values(old, new, seed),)
    accuracy = Difference("accuracy", paired_difference(old.correct, new.correct), "adjusted Wald, paired")
    return (accuracy, _of_area(old, new, seed)) if new.task is Task.BINARY else (accuracy,)


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
