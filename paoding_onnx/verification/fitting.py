"""Fitted weights help: with them a pruned model is no farther from the original than with those that were cut."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from paoding_onnx.dependency.trace import Trace
from paoding_onnx.errors import ModelError
from paoding_onnx.model.compare import output_difference
from paoding_onnx.model.load import Model
from paoding_onnx.model.nodes import Array
from paoding_onnx.model.session import Session
from paoding_onnx.surgery.cut import reweigh
from paoding_onnx.surgery.edits import Overrides
from paoding_onnx.surgery.plan import Plan
from paoding_onnx.verification.verdict import FITTED, Verdict
from paoding_onnx.verification.written import fits_of

MOST_BATCHES, MOST_ROWS = 1, 32
"""On how much of the samples fitted weights are judged."""
SLACK = (1.1, 0.02)
"""How much farther outputs may be with fitted weights, by a factor and a summand: small errors are small either way."""
SLACK_ELSEWHERE = (1.5, 0.1)
"""The same on inputs of another kind than those that weights may have been fitted on."""


@dataclass(frozen=True, slots=True)
class Judged:
    """What fitted weights are judged by: the original, the cut model, and inputs.

    On inputs that are not of the training's level, layers were fitted with `statistics` of these inputs in place of
    the stored ones, by the names of the original's constants; so all models are judged with them.
    """

    original: Model
    plain: Model
    trace: Trace
    plan: Plan
    batches: Sequence[Mapping[str, Array]]
    statistics: Overrides = field(default_factory=dict)
    slack: tuple[float, float] = SLACK


def check_fitting(judged: Judged, fitted: Model) -> Verdict:
    """Whether the outputs of `fitted` are as near to the original's as those of the cut model, or nearer."""
    try:
        before, after = _errors(judged, fitted)
    except ModelError as error:
        return Verdict(FITTED, False, str(error))
    factor, summand = judged.slack
    said = f"relative output error {before:.3g} with the weights it was cut with, {after:.3g} with the fitted ones"
    return Verdict(FITTED, math.isfinite(after) and after <= factor * before + summand, said)


def _errors(judged: Judged, fitted: Model) -> tuple[float, float]:
    original, plain = judged.original, judged.plain
    if judged.statistics:
        original = reweigh(original, judged.statistics)
        parts = fits_of(judged.trace, judged.plan, judged.statistics, plain)
        levelled = {name: np.asarray(values[0]) for name, values in parts.items()}
        plain, fitted = reweigh(plain, levelled), reweigh(fitted, levelled)
    return _error(original, plain, judged.batches), _error(original, fitted, judged.batches)


def _error(original: Model, model: Model, batches: Sequence[Mapping[str, Array]]) -> float:
    first, second = Session(original), Session(model)
    errors = [output_difference(first.run(feed), second.run(feed)) for feed in batches[:MOST_BATCHES]]
    return max(errors, default=0.0)
