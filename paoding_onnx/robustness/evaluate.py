"""attack(): a model attacked on labelled samples."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from paoding_onnx.context import Progress, logged, silent
from paoding_onnx.errors import ModelError, UsageError
from paoding_onnx.evaluation.dataset import Labelled, Range
from paoding_onnx.evaluation.evaluate import EvaluateOptions, chosen_samples, loaded
from paoding_onnx.model.load import Model
from paoding_onnx.model.nodes import Array
from paoding_onnx.robustness.attacks import Attack, Walk, fgsm, pgd
from paoding_onnx.robustness.victim import Slopes, Victim, slopes

_SLACK = 1e-5
"""Rounding may put samples this far outside the range, as a share of it."""


@dataclass(frozen=True, slots=True)
class Survival:
    """What is left under an attack: samples right before and after it, and the share of all that is right after it."""

    epsilon: float
    robust: int
    adversarial_accuracy: float


@dataclass(frozen=True, slots=True)
class Robustness:
    """What `attack` found.

    `correct` of the `samples` were right before the attack. `lowest` and `highest` are the ends of the input's range;
    `flat` samples have a gradient of zero, which no attack can follow: they count as robust if right, so mind them.
    `disagreement` says how far finite differences were from the gradient, as a share; NaN if that was an estimate.
    """

    method: str
    is_exact: bool
    samples: int
    correct: int
    lowest: float
    highest: float
    flat: int
    disagreement: float
    survivals: tuple[Survival, ...]

    @property
    def accuracy(self) -> float:
        """Share of the samples that were right before the attack."""
        return self.correct / self.samples


@dataclass(frozen=True, slots=True)
class _Batch:
    """What came of a batch: which samples were right, which have no slope, and, for each epsilon, are right still."""

    right: NDArray[np.bool_]
    flat: NDArray[np.bool_]
    still: NDArray[np.bool_]


def attack(
    model: Path | str | Model,
    data: Path | str | Labelled,
    how: Attack | None = None,
    *,
    options: EvaluateOptions | None = None,
    progress: Progress = silent,
) -> Robustness:
    """`model` attacked on the labelled samples in `data` (see `paoding_onnx.evaluation.load`).

    >>> found = attack("models/fraud_mlp.onnx", "models/fraud_mlp_test.npz", Attack(epsilons=(0.05,)))
    >>> found.correct, found.survivals[0].robust < found.correct
    (490, True)

    Raises:
        UsageError: if the data do not fit, the task has no classes, or samples lie outside the range.
        ModelError: if the model does not run, has no exact gradient, or one that is zero or wrong.
    """
    how, options, progress = how or Attack(), options or EvaluateOptions(), logged(progress)
    subject = loaded(model)
    labelled = chosen_samples(data, subject, options)
    victim = Victim(subject, labelled, options)
    bounds = _bounds(labelled, how)
    found = slopes(victim, labelled, how, bounds)
    total = len(labelled.labels)
    parts = []
    for start in range(0, total, found.n_rows):
        rows = np.arange(start, min(start + found.n_rows, total))
        parts.append(_attacked(victim, labelled, rows, found, how, bounds))
        progress("attacking the model", (start + len(rows)) / total)
    return _summary(parts, found, how, bounds)


def _attacked(
    victim: Victim, labelled: Labelled, rows: NDArray[np.intp], found: Slopes, attack: Attack, bounds: Range
) -> _Batch:
    """A batch attacked with every epsilon; the same gradient serves all of them where one step is made."""
    full = np.pad(rows, (0, found.n_rows - len(rows)), mode="edge")
    x, labels = victim.read(labelled, full), victim.labels[full]
    _check_inside(x, bounds)
    slope = found.direction(x, labels)
    still = []
    for epsilon in attack.epsilons:
        if attack.method == "fgsm":
            changed = fgsm(x, slope, epsilon, bounds)
        else:
            walk = Walk(epsilon, bounds, attack.steps, (attack.seed, int(rows[0])))
            changed = pgd(x, labels, found.direction, victim.is_right, walk)
        still.append(victim.is_right(changed, labels)[: len(rows)])
    flat = ~np.any(slope.reshape(len(slope), -1), axis=1)
    return _Batch(victim.is_right(x, labels)[: len(rows)], flat[: len(rows)], np.array(still))


def _summary(parts: list[_Batch], found: Slopes, attack: Attack, bounds: Range) -> Robustness:
    right = np.concatenate([part.right for part in parts])
    flat = int(sum(np.count_nonzero(part.flat) for part in parts))
    still = np.concatenate([part.still for part in parts], axis=1)
    if flat == len(right):
        more = "" if attack.black_box else " (is it quantized?); --black-box estimates slopes from outputs"
        raise ModelError(f"the loss has no slope at any of the samples{more}")
    return Robustness(
        method=attack.method,
        is_exact=not attack.black_box,
        samples=len(right),
        correct=int(np.count_nonzero(right)),
        lowest=float(np.min(bounds.low)),
        highest=float(np.max(bounds.high)),
        flat=flat,
        disagreement=found.disagreement,
        survivals=tuple(
            Survival(epsilon, int(np.count_nonzero(right & after)), float(np.mean(after)))
            for epsilon, after in zip(attack.epsilons, still, strict=True)
        ),
    )


def _bounds(labelled: Labelled, attack: Attack) -> Range:
    if attack.value_range is not None:
        low, high = attack.value_range
        return Range(np.array(low), np.array(high))
    found = labelled.input_range()
    if found is None or not np.all(np.greater(found.high, found.low)):
        raise UsageError("the data do not say between which values the input lies; give its range (--range LOW,HIGH)")
    return found


def _check_inside(x: Array, bounds: Range) -> None:
    low, high = np.asarray(bounds.low, np.float64), np.asarray(bounds.high, np.float64)
    slack = _SLACK * (high - low)
    if np.any(np.asarray(x, np.float64) < low - slack) or np.any(np.asarray(x, np.float64) > high + slack):
        raise UsageError(
            f"samples from {x.min():.4g} to {x.max():.4g} lie outside the range {low.min():.4g} to {high.max():.4g}; "
            "give the input's own with --range LOW,HIGH"
        )
