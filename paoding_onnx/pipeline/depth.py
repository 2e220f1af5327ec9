"""A job whose model has lost the residual branches that were to go, proven, before layers become narrower."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from paoding_onnx.pipeline.prepare import given_by
from paoding_onnx.pipeline.shallower import shallower
from paoding_onnx.pipeline.values import Job
from paoding_onnx.selection.depth import ROWS, Removal, choose_depth, outputs_on
from paoding_onnx.selection.select import samples_for
from paoding_onnx.surgery.shallower import deep, gone_by, named


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
    found = deep(job.original, given_by(job.original, options), verbose=options.verbose)
    run.tell("measuring residual branches", 0.02)
    samples = samples_for(found.study.folded, found.trace, options, run.part(0.02, 0.01))
    with np.errstate(over="ignore", invalid="ignore"):  # synthetic inputs may make activations explode
        part = run.part(0.03, 0.02)
        outputs = outputs_on(found.study.folded, found.trace, samples, part, rows=ROWS)
        chosen = choose_depth(outputs, found.residuals, by=options.budget, count=options.depth, run=part)
    return shallower(found, chosen, job)


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
    found = deep(job.original, given_by(job.original, job.options))
    return shallower(found, [Removal(one, float("nan")) for one in named(found, totals)], job)
