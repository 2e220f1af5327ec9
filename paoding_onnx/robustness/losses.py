"""The loss that attacks climb: cross-entropy of the label, or log loss where there is one score; with its derivative.

The derivative is taken at the logits even if the model's output is probabilities: there it exists where a saturated
softmax or sigmoid has none left. The tensor that holds the logits is the one whose softmax (sigmoid) is the output.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from paoding_onnx.evaluation.metrics import Floats, Labels
from paoding_onnx.evaluation.predictions import Form, Task
from paoding_onnx.gradients.freeze import Recording
from paoding_onnx.model.compare import log_sum_exp, logarithm, sigmoid, softmax
from paoding_onnx.model.nodes import Array

_TOLERANCE = 1e-4
_TINY = 1e-30


@dataclass(frozen=True, slots=True)
class Loss:
    """The loss of a task, from logits or from probabilities."""

    task: Task
    from_logits: bool

    def values(self, scores: Array, labels: Labels) -> Floats:
        """Each sample's loss (n,), in nats, from its scores (n, ...)."""
        columns = _columns(scores)
        if self.task is Task.BINARY:
            logits = columns[:, 0] if self.from_logits else _log_odds(columns[:, 0])
            return np.asarray(np.logaddexp(0, (1 - 2 * labels) * logits))
        logs = columns if self.from_logits else logarithm(columns, _TINY)
        return np.asarray(log_sum_exp(logs) - logs[np.arange(len(labels)), labels])

    def derivative(self, scores: Array, labels: Labels) -> tuple[Floats, Floats]:
        """Derivative of each sample's loss by its scores (n, ...), in two factors, so that nothing drowns in rounding.

        The first has the shape of `scores` and 1 as each sample's largest absolute entry, however sure the model is;
        the second (n,) is what it has to be multiplied by.
        """
        columns = _columns(scores)
        if self.task is Task.BINARY:
            sign = np.asarray(1.0 - 2 * labels, np.float64)[:, None]
            size = sigmoid(sign * columns) if self.from_logits else 1 / np.maximum(_chance(columns, sign), _TINY)
            return sign.reshape(scores.shape), size[:, 0]
        wanted = np.eye(columns.shape[1])[labels]
        if not self.from_logits:
            own = columns[np.arange(len(labels)), labels]
            return -wanted.reshape(scores.shape), 1 / np.maximum(own, _TINY)
        others = np.where(wanted > 0, -np.inf, columns)  # p - 1 of the label is minus what the others have
        log_odds = log_sum_exp(others) - columns[np.arange(len(labels)), labels]
        return (softmax(others) - wanted).reshape(scores.shape), sigmoid(log_odds)


@dataclass(frozen=True, slots=True)
class LossPoint:
    """The tensor from whose content the loss is computed."""

    tensor: str
    loss: Loss


def loss_point(subject: Recording, output: str, task: Task, form: Form) -> LossPoint:
    """Where to compute the loss of a model whose `output` has this form: at its logits, wherever they are."""
    if form is Form.LOGITS:
        return LossPoint(output, Loss(task, from_logits=True))
    scores = _columns(subject.values[output])
    is_sigmoid = task is Task.BINARY or form is Form.SCORES
    for name in subject.ancestors(output):
        array = subject.values.get(name)
        if array is None or array.dtype.kind != "f" or array.size != scores.size or len(array) != len(scores):
            continue
        logits = _columns(array)
        if np.allclose(sigmoid(logits) if is_sigmoid else softmax(logits), scores, rtol=0, atol=_TOLERANCE):
            return LossPoint(name, Loss(task, from_logits=True))
    return LossPoint(output, Loss(task, from_logits=form is Form.SCORES))


def _chance(columns: Floats, sign: Floats) -> Floats:
    """Probability of the label, from that of the positive class; `sign` is 1 where the label is 0."""
    return np.where(sign > 0, 1 - columns, columns)


def _log_odds(chance: Floats) -> Floats:
    return np.asarray(logarithm(chance, _TINY) - logarithm(1 - chance, _TINY))


def _columns(scores: Array) -> Floats:
    return np.asarray(scores, np.float64).reshape(len(scores), -1)
