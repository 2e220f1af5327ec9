"""A job that says nothing of residual branches: those go whole that can be spared."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from paoding_onnx.calibration.samples import Samples
from paoding_onnx.dependency.residuals import residuals_of
from paoding_onnx.errors import ModelError
from paoding_onnx.pipeline.left import LEAST, share_left
from paoding_onnx.pipeline.prepare import prepare, with_twin
from paoding_onnx.pipeline.shallower import shallower
from paoding_onnx.pipeline.values import Job, Looked, Prepared
from paoding_onnx.samplers import METHODS
from paoding_onnx.selection.allocation import reachable
from paoding_onnx.selection.blocks import worthwhile
from paoding_onnx.selection.depth import Removal
from paoding_onnx.selection.profile import Profile
from paoding_onnx.selection.profiling import measure_profile
from paoding_onnx.selection.select import choose_from, profile_for
from paoding_onnx.shapes.study import Study
from paoding_onnx.surgery.plan import Plan
from paoding_onnx.surgery.shallower import Deep


def without_spare(job: Job) -> Job:
    """The job without the branches that move the outputs less than narrower layers would, and what was seen on the way.

    Raises:
        ModelError: if the model cannot be run.
        UsageError: if a pattern, input shape or samples in the options do not fit it.
        CheckError: if the result is not the original with zeros in place of the branches.
    """
    if not _may_lose(job):
        return job
    looked = _look(job)
    profile = looked.profile
    spared = () if profile is None else _spared(job, looked.prepared, profile)
    if profile is None or not spared:
        return replace(job, looked=looked)
    samples, shorter = profile.basis.samples, _without(job, looked.prepared, spared)
    del looked, profile  # statistics of both models together would take twice the memory
    return _looked_at(shorter, samples)


def _look(job: Job) -> Looked:
    """What the units of the model do, unless branches are of no use, or cannot be compared with units."""
    options, run = job.options, job.run
    run.tell("tracing", 0.02)
    prepared = with_twin(prepare(job.original, options), options)
    is_plain = prepared.twin is None and not prepared.choices
    if not is_plain or reachable(prepared.trace, by=options.budget) < options.target:
        return Looked(prepared, None)
    try:
        return Looked(prepared, profile_for(prepared.folded, prepared.trace, options, run.part(0.02, 0.3)))
    except ModelError:  # it does not run in pieces, which is told where units are chosen
        return Looked(prepared, None)


def _spared(job: Job, prepared: Prepared, profile: Profile) -> tuple[Removal, ...]:
    options = job.options

    def planned(share: float) -> Plan:
        return choose_from(prepared.trace, profile, replace(options, target=share, step=1.0)).plan

    with np.errstate(over="ignore", invalid="ignore"):  # synthetic inputs may make activations explode
        return worthwhile(prepared.folded, prepared.trace, profile, options, planned, job.run.part(0.32, 0.05))


def _may_lose(job: Job) -> bool:
    """Whether the options leave it open how many branches go, and allow any to."""
    options = job.options
    is_measured = METHODS[options.method].needs_inputs and options.allocation == "measured"
    is_bounded = bool(options.only or options.exclude or options.exact_only or options.keeps)
    is_open = options.depth is None and job.vocabulary is None and options.budget in ("parameters", "macs")
    return is_open and is_measured and not is_bounded


def _without(job: Job, prepared: Prepared, spared: tuple[Removal, ...]) -> Job:
    trace = prepared.trace
    found = Study(prepared.original, prepared.folded, trace.graph, prepared.choices)
    branches = residuals_of(trace.graph, trace.bound_nodes)
    return shallower(Deep(job.original, found, trace, branches), spared, job)


def _looked_at(job: Job, samples: Samples) -> Job:
    """The job with what its model does on these samples, if any of the target is left to do."""
    prepared = prepare(job.original, job.options)
    if not prepared.trace.groups or share_left(job, prepared.trace) < LEAST:
        return job
    sampler, part = METHODS[job.options.method].sampler, job.run.part(0.37, 0.23)
    try:
        with np.errstate(over="ignore", invalid="ignore"):
            profile = measure_profile(prepared.folded, prepared.trace, samples, sampler, part, is_measured=True)
    except ModelError:  # as above
        return job
    return replace(job, looked=Looked(prepared, profile))
