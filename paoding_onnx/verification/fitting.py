"""Fitted weights help: with them a pruned model is no farther from the original than with those that were cut."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from paoding_onnx.dependency.trace import Trace
from paoding_onnx.errors import ModelError
from paoding_onnx.model.compare import distance, mean_difference, relative_error
from paoding_onnx.model.load import Model
from paoding_onnx.model.nodes import Array
from paoding_onnx.model.quick import quick
from paoding_onnx.model.read import constants
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
SLACK_OF_LESSON = (1.5, 0.1)
"""How much farther outputs may be after a lesson than before it, likewise. Fits were made on some of these inputs, and
flatter what was there before."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What the original says to the inputs, and how far the cut model is from that: so whatever weights are judged."""

    wanted: Sequence[Mapping[str, Array]]
    before: float


@dataclass(frozen=True, slots=True)
class Judged:
    """What fitted weights are judged by: the original, the cut model, and inputs.

    On inputs that are not of the training's level, layers were fitted with `statistics` of these inputs in place of
    the stored ones, by the names of the original's constants; so all models are judged with them. `reached` is what the
    first batch led to while weights were fitted, by the names of tensors: it has to lead there still. A fitted
    model that has statistics of its own there is judged with `own_statistics`, by the names of its constants. `seen` is
    what the other two models were seen to do, if they ran already (see `looked_at`).
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
    seen: Seen | None = None


def looked_at(judged: Judged) -> Judged:
    """The same with what the original and the cut model say, so that they run once for all fitted models to judge.

    As it was if they do not run, which `check_fitting` tells.
    """
    try:
        return replace(judged, seen=_seen(judged))
    except ModelError:
        return judged


def check_fitting(judged: Judged, fitted: Model) -> Verdict:
    """Whether the outputs of `fitted` are as near to the original's as those of the cut model, or nearer.

    Where there are several, all together: one that is next to nothing nearly everywhere, as the scores of a detector
    are, would speak for all of them otherwise.
    """
    try:
        seen = judged.seen or _seen(judged)
        found = _runs(_fitted(judged, fitted), judged, tuple(judged.reached))
    except ModelError as error:
        return Verdict(FITTED, False, str(error))
    if elsewhere := _elsewhere(judged, found):
        return Verdict(FITTED, False, f"{elsewhere!r} is not what it was while weights were fitted")
    factor, summand = judged.slack
    after = _error(seen.wanted, found)
    said = f"relative output error {seen.before:.3g} with the weights it was cut with, {after:.3g} with the fitted ones"
    return Verdict(FITTED, math.isfinite(after) and after <= factor * seen.before + summand, said)


def check_lesson(judged: Judged, fitted: Model, learned: Model, statistics: Overrides) -> Verdict:
    """Whether a model that learned is not much farther from the original than the fitted one that it learned from.

    A lesson goes by the statistics of each batch of a few inputs; what was learned has to hold with its own
    `statistics` of all of them.
    """
    own = replace(judged, own_statistics=statistics)
    try:
        wanted = (judged.seen or _seen(judged)).wanted
        off = [_off(wanted, _runs(_fitted(*one), judged)) for one in ((judged, fitted), (own, learned))]
    except ModelError as error:
        return Verdict(FITTED, False, str(error))
    factor, summand = SLACK_OF_LESSON
    said = f"outputs were off by {off[0]:.3g} before, and by {off[1]:.3g} after"
    return Verdict(FITTED, off[1] <= factor * off[0] + summand, said)


def _off(wanted: Sequence[Mapping[str, Array]], found: Sequence[Mapping[str, Array]]) -> float:
    """How far outputs are from those that are wanted, each on a scale of its own."""
    names = wanted[0] if wanted else {}
    pairs = ({name: [of[name] for of in batches] for name in names} for batches in (wanted, found))
    return math.sqrt(max(distance(*pairs), 0.0))  # rounding makes a divergence of next to nothing negative


def _seen(judged: Judged) -> Seen:
    """What the original and the cut model say, with the statistics that layers were fitted with."""
    original, plain = judged.original, judged.plain
    if judged.statistics:
        original, plain = reweigh(original, judged.statistics), reweigh(plain, _levelled(judged))
    wanted = _runs(original, judged)
    return Seen(wanted, _error(wanted, _runs(plain, judged)))


def _levelled(judged: Judged) -> Overrides:
    """The statistics that layers were fitted with, as the cut model has them."""
    parts = fits_of(judged.trace, judged.plan, judged.statistics, judged.plain)
    return {name: np.asarray(values[0]) for name, values in parts.items()}


def _fitted(judged: Judged, fitted: Model) -> Model:
    """The fitted model with them, or with its own."""
    if not judged.statistics:
        return fitted
    levelled, cut, own = _levelled(judged), constants(judged.plain), constants(fitted)
    shifts = {name: np.subtract(own[name], cut[name]) for name in levelled}  # a fit may shift a mean
    shifted = {name: np.add(value, shifts[name]) for name, value in levelled.items()}
    return reweigh(fitted, {**shifted, **judged.own_statistics})


def _elsewhere(judged: Judged, found: Sequence[Mapping[str, Array]]) -> str:
    """The first tensor that is not what the fit led to; "" if all are."""
    pairs = ((name, value, found[0][name]) for name, value in judged.reached.items())
    return next((name for name, wanted, got in pairs if not relative_error(wanted, got) <= SAME), "")


def _error(wanted: Sequence[Mapping[str, Array]], found: Sequence[Mapping[str, Array]]) -> float:
    return max((mean_difference(one, other) for one, other in zip(wanted, found, strict=True)), default=0.0)


def _runs(model: Model, judged: Judged, watch: Sequence[str] = ()) -> list[Mapping[str, Array]]:
    """What a model says to the inputs, and what it has in the tensors to `watch`."""
    session = quick(model, watch)
    return [session.run(feed) for feed in judged.batches[:MOST_BATCHES]]
