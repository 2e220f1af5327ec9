"""A job whose model has lost the residual branches that were to go, proven, before layers become narrower."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from paoding_onnx.calibration.known_inputs import given_of
from paoding_onnx.dependency.cost import cost, nothing
from paoding_onnx.errors import CheckError
from paoding_onnx.pipeline.values import Deeper, Job
from paoding_onnx.result import Depth
from paoding_onnx.selection.depth import Removal, choose_depth
from paoding_onnx.selection.select import samples_for
from paoding_onnx.surgery.shallower import Deep, deep, gone_by, named
from paoding_onnx.verification.depth import check_depth


def with_depth(job: Job) -> Job:
    """The job without as many residual branches as its options say; as it is where they say nothing.

    Raises:
        ModelError: if the model cannot be run.
        TargetError: if there are not as many.
        CheckError: if the result is not the original with zeros in their place.
    """
    options, run = job.options, job.run
    if not options.depth:
        return job
    found = deep(job.original, given_of(job.original, options.known_inputs), verbose=options.verbose)
    run.tell("measuring residual branches", 0.02)
    samples = samples_for(found.study.folded, found.trace, options, run.part(0.02, 0.01))
    with np.errstate(over="ignore", invalid="ignore"):  # synthetic inputs may make activations explode
        part = run.part(0.03, 0.02)
        chosen = choose_depth(found, samples, by=options.budget, count=options.depth, run=part)
    return _shallower(found, chosen, job)


def with_depth_of(document: Mapping[str, object], job: Job) -> Job:
    """The job without the residual branches that went by a recorded plan.

    Raises:
        ModelError: if the model cannot be run.
        UsageError: if the plan does not fit it.
        CheckError: if the result is not the original with zeros in their place.
    """
    totals = gone_by(document)
    if not totals:
        return job
    found = deep(job.original, given_of(job.original, job.options.known_inputs))
    return _shallower(found, [Removal(one, float("nan")) for one in named(found, totals)], job)


def _shallower(found: Deep, chosen: Sequence[Removal], job: Job) -> Job:
    """The job with the smaller model, once that is proven."""
    residuals = [one.residual for one in chosen]
    model = found.without(residuals)
    proof = check_depth(job.original, found.trace, residuals, model)
    if not proof.passed:
        raise CheckError(f"the model without residual branches failed its proof, nothing was written. {proof.detail}")
    whole = cost(found.trace, nothing(found.trace))
    depth = Depth(tuple(one.residual.total for one in chosen), tuple(one.cost for one in chosen), whole, proof)
    return replace(job, original=model, deeper=Deeper(job.original, found.study.folded, found.trace, depth))
