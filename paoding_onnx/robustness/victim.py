"""The model under attack: what it says, and how its loss rises."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from paoding_onnx.errors import ModelError, UsageError
from paoding_onnx.evaluation.dataset import Labelled, Range
from paoding_onnx.evaluation.evaluate import EvaluateOptions
from paoding_onnx.evaluation.metrics import Floats, Labels
from paoding_onnx.evaluation.predictions import Form, Runner, Task, choose_output, classes_said, interpret
from paoding_onnx.gradients.freeze import Recording, record
from paoding_onnx.model.load import Model
from paoding_onnx.model.nodes import Array
from paoding_onnx.robustness.attacks import Attack, Direction, estimate
from paoding_onnx.robustness.gradients import Gradient
from paoding_onnx.robustness.losses import Loss, loss_point

MOST_ROWS = 64
ROWS_SHARE = 4
"""A reverse pass holds about this many times what a forward run does, so that it gets smaller batches."""
MOST_DISAGREEMENT = 0.1
"""A gradient that finite differences contradict by more than this share is refused."""
_REACH = 0.05
"""Finite differences stay within this share of the input's range."""


class Victim:
    """A classifier with one input of floating-point numbers.

    Raises:
        UsageError: if it is none.
    """

    def __init__(self, model: Model, labelled: Labelled, options: EvaluateOptions) -> None:
        self.model = model
        self._runner = Runner(model, labelled)
        spec = self._runner.specs[0]
        if len(self._runner.specs) != 1 or spec.dtype is None or spec.dtype.kind != "f":
            message = ", ".join(f"{one.name!r} ({one.dtype})" for one in self._runner.specs)
            raise UsageError(f"attacks need a model with one input of floating-point numbers; this one has {message}")
        outputs = self._runner.run(labelled)
        self.input, self.output = spec.name, choose_output(outputs, options.output)
        said = interpret(outputs[self.output], labelled.labels, None if options.task is None else Task(options.task))
        if said.task is Task.VALUES or said.form is None:
            raise UsageError("attacks need labels that are classes of the output, not values")
        self.task, self.form, self.labels = said.task, said.form, said.labels

    @property
    def rows_to_try(self) -> tuple[int, ...]:
        """Sizes of batches, the better ones first."""
        many = max(min(self._runner.rows // ROWS_SHARE, MOST_ROWS), 1)
        return (self._runner.fixed_rows,) if self._runner.fixed_rows is not None else tuple({many: 0, 1: 0})

    def read(self, labelled: Labelled, rows: NDArray[np.intp]) -> Array:
        """What the model reads for these samples."""
        return self._runner.feeds(labelled, rows)[self.input]

    def is_right(self, x: Array, labels: Labels) -> NDArray[np.bool_]:
        """Which of the inputs get their label."""
        return np.asarray(classes_said(self._scores(x), self.form) == labels)

    def losses(self, x: Array, labels: Labels) -> Floats:
        """Each input's loss, from the model's output."""
        loss = Loss(self.task, from_logits=self.form is not Form.PROBABILITIES)
        return loss.values(self._scores(x), labels)

    def _scores(self, x: Array) -> Floats:
        scores = self._runner.session.run({self.input: x})[self.output]
        return np.asarray(scores, np.float64).reshape(len(x), -1)


@dataclass(frozen=True, slots=True)
class Slopes:
    """How the loss rises: `direction` takes `n_rows` samples at a time; `disagreement` see `Robustness`."""

    direction: Direction
    n_rows: int
    disagreement: float


def slopes(victim: Victim, labelled: Labelled, attack: Attack, bounds: Range) -> Slopes:
    """The exact gradient, checked by finite differences, or where a black box was asked for an estimate.

    Raises:
        ModelError: if there is no exact gradient, or finite differences contradict it.
    """
    subject, x = _recorded(victim, labelled)
    if attack.black_box:
        rng = np.random.default_rng(attack.seed)
        return Slopes(estimate(victim.losses, bounds=bounds, queries=attack.queries, rng=rng), len(x), math.nan)
    gradient = Gradient(subject, victim.input, loss_point(subject, victim.output, victim.task, victim.form))
    width = np.broadcast_to(np.asarray(bounds.high, np.float64) - np.asarray(bounds.low, np.float64), x[:1].shape)
    reach = _REACH * float(np.sqrt(np.sum(width**2)))
    found = gradient.disagreement(x, victim.labels[_first(len(x), labelled)], reach)
    if found > MOST_DISAGREEMENT:
        raise ModelError(
            f"the gradient found is not the slope of the model: finite differences are {found:.0%} off; "
            "--black-box estimates it"
        )
    return Slopes(lambda inputs, labels: gradient.direction(inputs, labels)[0], len(x), found)


def _recorded(victim: Victim, labelled: Labelled) -> tuple[Recording, Array]:
    """The model as it runs on its first batch, of the largest size it takes, and that batch."""
    for n_rows in victim.rows_to_try:
        x = victim.read(labelled, _first(n_rows, labelled))
        try:
            return record(victim.model, {victim.input: x}), x
        except ModelError:
            if n_rows == victim.rows_to_try[-1]:
                raise
    raise ModelError("the model takes batches of no size")


def _first(n_rows: int, labelled: Labelled) -> NDArray[np.intp]:
    """Numbers of the first samples, the last one repeated where there are too few."""
    return np.minimum(np.arange(n_rows), len(labelled.labels) - 1)
