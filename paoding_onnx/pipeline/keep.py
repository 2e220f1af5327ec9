"""As far as it holds: the largest share that can go while a question about the smaller model is answered with yes.

It must not know how candidates are made.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from paoding_onnx.calibration.load import load_held_back
from paoding_onnx.calibration.samples import Request, Samples
from paoding_onnx.dependency.cost import Cost
from paoding_onnx.errors import TargetError
from paoding_onnx.evaluation.kept import Question, accuracy_kept, answers_kept
from paoding_onnx.model.load import Model
from paoding_onnx.names import percent
from paoding_onnx.pipeline.values import Job, Prepared
from paoding_onnx.result import Trial
from paoding_onnx.selection.kept_samples import kept_samples

TRIALS = 6
"""Candidates that are made: the share is known to a 64th of what can go."""
INPUTS = 512
"""Inputs on which answers are compared."""
OTHER_SEED = 2 * 10**6
"""Added to the user's seed: inputs that decide are others than those that are fitted on, and those that measure."""
_Made = TypeVar("_Made")


@dataclass(frozen=True, slots=True)
class Candidate(Generic[_Made]):
    """A smaller model, what is left of the costs, and what it was made of."""

    model: Model
    cost: Cost
    made: _Made


def search(
    job: Job, most: float, make: Callable[[float], Candidate[_Made]], question: Question
) -> tuple[_Made, tuple[Trial, ...]]:
    """What the smallest candidate that keeps enough was made of, found by bisection; all trials, smallest share first.

    `make` makes the candidate that has lost a share; `most` is the largest share that can go.

    Raises:
        TargetError: if no candidate keeps enough.
    """
    best, trials = list[_Made](), list[Trial]()
    low, high = 0.0, min(most, 1.0)
    for number in range(TRIALS):
        job.run.tell(f"trial {number + 1} of {TRIALS}", 0.45 + 0.25 * number / TRIALS)
        share = round((low + high) / 2, 4)
        try:
            candidate = make(share)
        except TargetError:  # so large that rounding puts it out of reach, or so small that no whole unit goes
            high = share
            continue
        kept = question(candidate.model)
        trials.append(Trial(share, candidate.cost, kept))
        if kept.holds:
            best, low = [candidate.made], share
        else:
            high = share
    if not best:
        least = min((trial.share for trial in trials), default=0.0)
        raise TargetError(f"nothing can go: at a target of {percent(least)} already less is kept than was asked for")
    return best[0], tuple(sorted(trials, key=lambda trial: trial.share))


def question_for(job: Job, prepared: Prepared) -> Question:
    """What is asked of every candidate.

    Raises:
        UsageError: if what is to be kept cannot be told for this model.
    """
    options = job.options
    if options.keep_accuracy is not None and job.labelled is not None:
        return accuracy_kept(prepared.original, job.labelled, options.keep_accuracy, options.seed)
    return answers_kept(prepared.original, _samples(job, prepared), options.keep_answers or 0.0)


def _samples(job: Job, prepared: Prepared) -> Samples:
    """Inputs that nothing is fitted on: samples of the user's that are held back, else synthetic ones."""
    options, graph = job.options, prepared.trace.graph
    request = Request(INPUTS, OTHER_SEED + options.seed, options.inputs)
    held = None
    if options.calibration is not None:
        held = load_held_back(options.calibration, job.original, graph, request)
    return kept_samples(job.original, graph, request, options) if held is None else held
