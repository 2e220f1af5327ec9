"""Fitted weights help: with them a pruned model is no farther from the original than with those that were cut."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from paoding_onnx.dependency.trace import Trace
from paoding_onnx.errors import ModelError
from paoding_onnx.model.compare import output_difference, relative_error
from paoding_onnx.model.load import Model
from paoding_onnx.model.nodes import Array
from paoding_onnx.model.read import constants
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
SAME = 0.01
"""How far apart, relative to their size, tensors may be that rounding and decisions alone make differ."""
SLACK_ELSEWHERE = (1.5, 0.1)
"""The same on inputs of another kind than those that weights may have been fitted on."""


@dataclass(frozen=True, slots=True)
class Judged:
    """What fitted weights are judged by: the original, the cut model, and inputs.

    On inputs that are not of the training's level, layers were fitted with `statistics` of these inputs in place of
    the stored ones, by the names of the original's constants; so all models are judged with them. `reached` is what the
    first batch led to while weights were fitted, by the names of tensors: it has to lead there still. A fitted
    model that has statistics of its own there is judged with `own_statistics`, by the names of its constants.
    """

    original: Model
    plain: Model
    trace: Trace
    plan: Plan
    batches: Sequence[Mapping[str, Array]]
    statistics: Overrides = field(default_factory=dict)
    own_statistics: Overrides = field(default_factory=dict)
    slack: tuple[float, float] = SLACK
    reached: Mapping[str, Array] = field(default_factory=dict)


def check_fitting(judged: Judged, fitted: Model) -> Verdict:
    """Whether the outputs of `fitted` are as near to the original's as those of the cut model, or nearer."""
    try:
        models = _levelled(judged, fitted)
        elsewhere = _elsewhere(judged, models[2])
        before, after = (_error(models[0], model, judged.batches) for model in models[1:])
    except ModelError as error:
        return Verdict(FITTED, False, str(error))
    if elsewhere:
        return Verdict(FITTED, False, f"{elsewhere!r} is not what it was while weights were fitted")
    factor, summand = judged.slack
    said = f"relative output error {before:.3g} with the weights it was cut with, {after:.3g} with the fitted ones"
    return Verdict(FITTED, math.isfinite(after) and after <= factor * before + summand, said)


def _levelled(judged: Judged, fitted: Model) -> tuple[Model, Model, Model]:
    """The original, the cut and the fitted model, with the statistics that layers were fitted with."""
    if not judged.statistics:
        return judged.original, judged.plain, fitted
    parts = fits_of(judged.trace, judged.plan, judged.statistics, judged.plain)
    levelled = {name: np.asarray(values[0]) for name, values in parts.items()}
    cut, own = constants(judged.plain), constants(fitted)
    shifts = {name: np.subtract(own[name], cut[name]) for name in levelled}  # a fit may shift a mean
    shifted = {name: np.add(value, shifts[name]) for name, value in levelled.items()}
    fitted = reweigh(fitted, {**shifted, **judged.own_statistics})
    return reweigh(judged.original, judged.statistics), reweigh(judged.plain, levelled), fitted


def _elsewhere(judged: Judged, fitted: Model) -> str:
    """The first tensor that is not what the fit led to; "" if all are."""
    if not judged.reached:
        return ""
    found = Session(fitted, watch=tuple(judged.reached)).run(judged.batches[0])
    return next((n for n, value in judged.reached.items() if not relative_error(value, found[n]) <= SAME), "")


def _error(original: Model, model: Model, batches: Sequence[Mapping[str, Array]]) -> float:
    first, second = _session(original), _session(model)
    errors = [output_difference(first.run(feed), second.run(feed)) for feed in batches[:MOST_BATCHES]]
    return max(errors, default=0.0)


def _session(model: Model) -> Session:
    """The model as quick as it can be, or as it is where onnxruntime's optimiser does not take it."""
    try:
        return Session(model, optimise=True)
    except ModelError:
        return Session(model)
