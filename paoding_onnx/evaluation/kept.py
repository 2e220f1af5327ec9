"""Whether a smaller model is still good enough: one question, asked of one candidate after the other.

The pessimistic end of a 95 % interval decides, not the point in its middle. Knows nothing of how candidates are made.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from paoding_onnx.calibration.samples import Samples
from paoding_onnx.errors import UsageError
from paoding_onnx.evaluation.compare import differences, drop_of
from paoding_onnx.evaluation.dataset import Labelled
from paoding_onnx.evaluation.fidelity import compare
from paoding_onnx.evaluation.kinds import Kind
from paoding_onnx.evaluation.measured import Kept
from paoding_onnx.evaluation.metrics import proportion
from paoding_onnx.evaluation.predictions import predict
from paoding_onnx.evaluation.task_metrics import measures_of
from paoding_onnx.model.load import Model

_WITH_ANSWERS = (Kind.CLASSES, Kind.SEQUENCE, Kind.TAGS)


Question = Callable[[Model], Kept]
"""Asks whether a candidate is good enough."""


def accuracy_kept(original: Model, labelled: Labelled, most: float, seed: int) -> Question:
    """Whether the main measure on labelled samples drops by at most the share `most`.

    Raises:
        UsageError: if the labels do not fit the model.
        ModelError: if the model does not run on the samples.
    """
    old = predict(original, labelled)
    before = measures_of(old)

    def ask(model: Model) -> Kept:
        found = differences(old, predict(model, labelled), seed)[0]
        seen, possible = drop_of(found, before[found.measure])
        return Kept(f"drop of {found.measure.replace('_', ' ')}", seen, possible, possible <= most)

    return ask


def answers_kept(original: Model, samples: Samples, least: float) -> Question:
    """Whether the share of inputs that get the same answer as from the original is at least `least`.

    Raises:
        UsageError: if so few inputs cannot show it, or the model gives no answers.
    """
    best = proportion(np.ones(samples.n_samples, np.bool_)).low
    if best < least:
        raise UsageError(
            f"{samples.n_samples} inputs cannot show that {least:.1%} of the answers stay the same (at most "
            f"{best:.1%}): ask for less, or give more samples"
        )

    def ask(model: Model) -> Kept:
        found = compare(original, model, samples)
        same = [change.same for change in found.changes if change.kind in _WITH_ANSWERS and change.same is not None]
        if not same:
            raise UsageError("the model gives no answers, as its outputs are no classes: give --eval, --keep-accuracy")
        interval = proportion(np.arange(found.n_inputs) < round(same[0] * found.n_inputs))
        return Kept("same answers", interval.value, interval.low, interval.low >= least)

    return ask
