"""How many residual branches go whole: as many as move the outputs less than the narrower layers that they spare."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from paoding_onnx.calibration.fill import growth
from paoding_onnx.calibration.filter import information, predictions
from paoding_onnx.context import Run
from paoding_onnx.dependency.cost import cost, nothing
from paoding_onnx.dependency.residuals import residuals_of
from paoding_onnx.dependency.trace import Trace
from paoding_onnx.errors import TargetError
from paoding_onnx.model.compare import brought_out
from paoding_onnx.model.load import Model
from paoding_onnx.model.nodes import Array
from paoding_onnx.options import Options
from paoding_onnx.selection.allocation import harm
from paoding_onnx.selection.depth import Outputs, Removal, carried_by, cheapest_first, outputs_on
from paoding_onnx.selection.meter import whole_of
from paoding_onnx.selection.profile import Profile
from paoding_onnx.surgery.plan import Plan

SPARE, SPARE_UNSEEN = 0.3, 0.5
"""Branches can be spared as long as the outputs lose less than this share of what they tell, of answers that the inputs
bring out and of others: learning makes up for narrower layers, for answers that it sees."""
CLEAR = 0.8
"""Without branches the outputs move by no more than this share of what narrower layers alone do: those learn better."""
FREE = 1e-3
"""What costs less than this share costs nothing: then it is the branch that goes, which saves time as well."""
MACS_TO_COMPARE = 15 * 10**10
"""Multiply-adds to spend on looking at every branch alone; some seconds on two cores."""
FEWEST_ROWS, MOST_ROWS = 8, 64
MOST_ANSWERS = 1024
"""Real inputs of which it is asked how many of their answers are given once."""
LEAST_TOLD = 1.0
"""Outputs that tell less than a nat hold two classes, which were met, or no classes: an embedding may read as such."""
_LEAST = 1e-6
"""The smallest target there is: units that nothing reads go at any."""


Planned = Callable[[float], Plan]
"""The units that go for a share of what is counted; a `TargetError` says that there is none."""


@dataclass(frozen=True, slots=True)
class _Answers:
    """How much the answers of a model tell, in nats, and which share of all there are the inputs do not bring out."""

    told: float
    unseen: float


def worthwhile(
    model: Model, traced: Trace, profile: Profile, options: Options, planned: Planned, run: Run
) -> tuple[Removal, ...]:
    """The branches that go whole, in order; none where layers that are narrower move the outputs less.

    `planned` says which units go where narrower layers are to bring a share of what the target counts.

    Narrower layers look cheaper than they are on synthetic inputs and on few real ones: what makes up for units is
    fitted on what those inputs bring out, and of a thousand classes that is a part. For the share of answers that they
    do not bring out, nothing is taken to make up for units that go. A branch is gone for all inputs alike, so what it
    costs is measured as it is.
    """
    residuals = residuals_of(traced.graph, traced.bound_nodes)
    if not residuals or not profile.sensitivities:
        return ()
    samples = profile.basis.samples
    macs = cost(traced, nothing(traced)).macs * growth(samples.batches[0], traced.graph)
    rows = int(np.clip(MACS_TO_COMPARE // max(macs * len(residuals), 1), FEWEST_ROWS, MOST_ROWS))
    outputs = outputs_on(model, traced, samples, run, rows=rows)
    answers = _answers(outputs.wanted)
    if not samples.is_synthetic:
        n_real = int(np.clip(MACS_TO_COMPARE // max(macs, 1), FEWEST_ROWS, MOST_ANSWERS))
        has_many = answers.told > LEAST_TOLD
        unseen = _unmet(outputs_on(model, traced, samples, run, rows=n_real).wanted) if has_many else 0.0
        answers = replace(answers, unseen=unseen)
    narrowed = _narrowing(outputs, profile, planned, answers.unseen)
    whole, left, found = max(whole_of(traced, options.budget), 1.0), options.target, list[Removal]()
    alone = narrowed(left)
    if not np.isfinite(alone):  # what cannot be compared speaks for no branch
        return ()
    best, least = 0, alone
    most = answers.told * ((1 - answers.unseen) * SPARE + answers.unseen * SPARE_UNSEEN)
    for removal in cheapest_first(outputs, residuals, by=options.budget, run=run):
        if removal.cost > min(most, least + FREE * answers.told):
            break
        found.append(removal)
        left -= carried_by(traced, removal.residual, options.budget) / whole
        if (moved := removal.cost + narrowed(left)) < least + FREE * answers.told:
            best, least = len(found), min(moved, least)
        if left <= 0:
            break
    return tuple(found[:best]) if least <= CLEAR * alone + FREE * answers.told else ()


def _answers(wanted: Mapping[str, Sequence[Array]]) -> _Answers:
    """What a classifier tells, and what of its classes synthetic inputs hide; an embedding may read as one.

    Of outputs of other shapes nothing is taken to be unseen.
    """
    found = _predicted(wanted)
    if found is None:
        return _Answers(LEAST_TOLD, 0.0)
    told = information(found) * float(np.log(found.shape[1]))
    return _Answers(max(told, LEAST_TOLD), max(1 - brought_out(found), 0.0))


def _unmet(wanted: Mapping[str, Sequence[Array]]) -> float:
    """How likely a real input has an answer that none of these has: the share of the answers that are given once.

    Source: Good 1953, "The population frequencies of species and the estimation of population parameters".
    """
    found = _predicted(wanted)
    if found is None:
        return 0.0
    said = found.argmax(1)
    return float(np.mean(np.bincount(said)[said] == 1))


def _predicted(wanted: Mapping[str, Sequence[Array]]) -> NDArray[np.float32] | None:
    """Probabilities of the classes for each input, if the model is a classifier."""
    same = {name: parts for name, parts in wanted.items() if len({part.shape[1:] for part in parts}) == 1}
    whole = {name: np.concatenate(parts) for name, parts in same.items() if parts[0].ndim and parts[0].size}
    return predictions(whole, max(map(len, whole.values()), default=0))


def _narrowing(outputs: Outputs, profile: Profile, planned: Planned, unseen: float) -> Callable[[float], float]:
    """How far narrower layers move the outputs, by the share of the target that they are to bring."""

    def moved(share: float) -> float:
        try:
            plan = planned(min(max(share, _LEAST), 1 - _LEAST))
        except TargetError:  # not a single unit
            return 0.0
        made_up = harm(outputs.trace, profile.sensitivities, plan.removed)
        return (1 - unseen) * made_up + (unseen * outputs.moved_by(plan) if unseen else 0.0)

    return moved
