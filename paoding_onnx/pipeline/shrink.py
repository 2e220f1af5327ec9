"""From a model to a smaller one in memory: units chosen, cut out under proof, layers fitted, each step evaluated."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from functools import partial

import numpy as np

from paoding_onnx.calibration.samples import Request
from paoding_onnx.context import Run
from paoding_onnx.dependency.cost import cost, nothing, unread
from paoding_onnx.dependency.trace import Trace
from paoding_onnx.errors import ModelError
from paoding_onnx.evaluation.dataset import Labelled
from paoding_onnx.evaluation.evaluate import accuracy_of
from paoding_onnx.model.load import Model
from paoding_onnx.model.nodes import Array
from paoding_onnx.options import Options
from paoding_onnx.pipeline.by_latency import select_by_latency
from paoding_onnx.pipeline.keep import Candidate, question_for, search
from paoding_onnx.pipeline.left import LEAST, share_left
from paoding_onnx.pipeline.on_integers import on_integers, plan_on_studied
from paoding_onnx.pipeline.prepare import prepare, require_units, with_twin
from paoding_onnx.pipeline.teach import taught
from paoding_onnx.pipeline.timing import times_for
from paoding_onnx.pipeline.values import Fitted, Job, Prepared, Shrunk
from paoding_onnx.reconstruction.reconstruct import reconstruct
from paoding_onnx.result import Recovery
from paoding_onnx.selection.allocation import reachable
from paoding_onnx.selection.budget import Step
from paoding_onnx.selection.kept_samples import kept_samples
from paoding_onnx.selection.select import choose, choose_from, chooser
from paoding_onnx.selection.selection import Selection
from paoding_onnx.shapes.choices import settled
from paoding_onnx.surgery.cut import cut
from paoding_onnx.surgery.plan import Plan, make_plan
from paoding_onnx.verification.fitting import MOST_BATCHES, MOST_ROWS, Judged, check_fitting, looked_at
from paoding_onnx.verification.written import fits_of

NOT_TAUGHT = "what the original taught the smaller model did not keep as much, so it was left out"
_NO_HELP = "fitted weights did not help, so none were kept"


def shrink(job: Job) -> Shrunk:
    """The smaller model that was asked for; with labelled samples the accuracy of every step.

    Raises:
        ModelError: if the model cannot be run.
        TargetError: if it has no prunable unit, or the target is out of reach.
    """
    options, run = job.options, job.run
    looked = job.looked
    if looked is None:
        run.tell("tracing", 0.05)
    prepared = looked.prepared if looked is not None else with_twin(prepare(job.original, options), options)
    if job.deeper is not None:
        prepared = replace(prepared, teacher=job.deeper.folded)
        left, n_gone = share_left(job, prepared.trace), len(job.deeper.depth.sums)
        options = replace(options, target=round(left, 6), depth=n_gone)  # with it a target may be 0
        job = replace(job, options=options)
    if options.target < LEAST:
        return _whole(prepared, job)
    require_units(prepared.trace)
    if looked is not None and looked.profile is not None:
        return _finished(job, prepared, choose_from(prepared.trace, looked.profile, options))
    if options.budget == "latency":
        choosing = partial(chooser, prepared.folded, prepared.trace, studied=prepared.elsewhere)
        selection, trials = select_by_latency(job, prepared, choosing)
        return replace(_finished(job, prepared, selection), trials=trials)
    part = run.part(0.05, 0.55)
    return _finished(job, prepared, choose(prepared.folded, prepared.trace, options, part, prepared.elsewhere))


def _fitted(prepared: Prepared, selection: Selection, plain: Model, options: Options, run: Run) -> Fitted:
    """The model on which units were looked at, without those that go, its layers fitted; `plain` is the cut model."""
    studied = prepared.studied
    if prepared.twin is not None:
        options = replace(options, calibration=None)  # a bias that is added could be no integers
        selection = replace(selection, plan=plan_on_studied(prepared, selection.plan))
        plain = cut(studied.folded, studied.trace, selection.plan)
    return fitted_of(studied, selection, plain, options, run)


def _taught(prepared: Prepared, selection: Selection, fitted: Fitted, options: Options, run: Run) -> Fitted:
    """The same after the original has taught it."""
    plan = plan_on_studied(prepared, selection.plan)
    return taught(prepared.studied, plan, selection.profile, fitted, options, run)


def _finished(job: Job, prepared: Prepared, selection: Selection) -> Shrunk:
    """The smaller model that a selection comes to, fitted and taught; with labels the accuracy of each step."""
    options, run = job.options, job.run
    run.tell("fitting weights", 0.65)
    plain = cut(prepared.folded, prepared.trace, selection.plan)
    fitted = _fitted(prepared, selection, plain, options, run.part(0.65, 0.05))
    fitted = _taught(prepared, selection, fitted, options, run.part(0.7, 0.08))
    fitted = on_integers(prepared, selection.plan, fitted)
    steps = selection.steps
    if job.labelled is not None:
        run.tell("evaluating each step", 0.78)
        accuracies = (*_accuracies(prepared, selection, job.labelled, options), accuracy_of(fitted.model, job.labelled))
        steps = tuple(replace(step, accuracy=found) for step, found in zip(steps, accuracies, strict=True))
    return shrunk_of(prepared, selection.plan, steps, plain, fitted)


def _whole(prepared: Prepared, job: Job) -> Shrunk:
    """A model of which nothing is pruned, as its vocabulary is all that was to go."""
    nobody = nothing(prepared.trace)
    accuracy = None if job.labelled is None else accuracy_of(job.original, job.labelled)
    step = Step(0.0, cost(prepared.trace, nobody), {}, accuracy)
    plain = settled(cut(prepared.folded, prepared.trace, make_plan(nobody)), prepared.choices)
    return Shrunk(prepared, make_plan(nobody), step.cost, (step,), plain, Fitted(plain, None, ()))


def shrink_as_far(job: Job) -> tuple[Job, Shrunk]:
    """The smallest model that keeps what the options say, and the job with the target that was found.

    Inputs and sensitivity are looked at once, whatever is tried.

    Raises:
        ModelError: if the model cannot be run.
        TargetError: if it has no prunable unit, or nothing can go.
        UsageError: if what is to be kept cannot be told for this model.
    """
    run = job.run
    run.tell("tracing", 0.05)
    prepared = with_twin(prepare(job.original, job.options), job.options)
    require_units(prepared.trace)
    question = question_for(job, prepared)
    times = times_for(prepared.folded, prepared.trace, job.options, run.part(0.05, 0.05))
    part = run.part(0.1, 0.35)
    chosen = chooser(prepared.folded, prepared.trace, job.options, part, times, prepared.elsewhere)

    def make(share: float) -> Candidate[tuple[Options, Selection, Fitted]]:
        options = replace(job.options, target=share, step=1.0)
        selection = chosen(options)
        plain = cut(prepared.folded, prepared.trace, selection.plan)
        fitted = _fitted(prepared, selection, plain, options, run.part(0.45, 0.0))
        made = on_integers(prepared, selection.plan, fitted).model
        return Candidate(made, selection.steps[-1].cost, (options, selection, fitted))

    most = reachable(prepared.trace, by=job.options.budget, times=times)
    (options, selection, fitted), trials = search(job, most, make, question)
    more = _taught(prepared, selection, fitted, options, run.part(0.7, 0.08))
    done = on_integers(prepared, selection.plan, more)
    if more.model is not fitted.model and not question(done.model).holds:
        fitted = on_integers(prepared, selection.plan, fitted)
        done = replace(fitted, notes=(*fitted.notes, NOT_TAUGHT))
    accuracy = None if job.labelled is None else accuracy_of(done.model, job.labelled)
    steps = (replace(selection.steps[-1], accuracy=accuracy),)
    plain = cut(prepared.folded, prepared.trace, selection.plan)
    shrunk = shrunk_of(prepared, selection.plan, steps, plain, done)
    return replace(job, options=options), replace(shrunk, trials=trials)


def shrunk_of(prepared: Prepared, plan: Plan, steps: tuple[Step, ...], plain: Model, fitted: Fitted) -> Shrunk:
    """What a plan comes to: the cut model `plain` and the fitted one, their open choices settled."""
    done = replace(fitted, model=settled(fitted.model, prepared.choices))
    before = cost(prepared.trace, nothing(prepared.trace))
    return Shrunk(prepared, plan, before, steps, settled(plain, prepared.choices), done)


def fitted_of(prepared: Prepared, selection: Selection, plain: Model, options: Options, run: Run) -> Fitted:
    """The cut model with what compensating changed, or with its layers fitted."""
    model, traced, profile = prepared.folded, prepared.trace, selection.profile
    if profile is None:
        if not selection.overrides:
            return Fitted(plain, None, selection.notes)
        return _absorbed(prepared, selection, plain, options)
    try:
        result = reconstruct(model, traced, selection.plan, profile.basis, run, room=_room(traced, selection, options))
    except ModelError as error:
        return Fitted(plain, None, (f"no weight was fitted: the smaller model does not run in pieces ({error})",))
    samples = profile.basis.samples
    done = Recovery(samples.description, samples.n_samples, profile.sensitivities, result.layers, result.n_added)
    statistics = profile.basis.statistics.normalization
    batches = tuple(samples.batches[:MOST_BATCHES])
    judged = looked_at(Judged(model, plain, traced, selection.plan, batches, statistics, reached=result.reached))
    helps = check_fitting(judged, result.model)
    if not helps.passed:  # the original may teach the cut model yet
        unfitted = replace(done, layers=(), n_added=0)
        return Fitted(plain, unfitted, (*selection.notes, f"{_NO_HELP}: {helps.detail}"), judged=judged)
    compensated: dict[str, Sequence[Array]] = dict(fits_of(traced, selection.plan, result.compensated, plain))
    return Fitted(
        model=result.model,
        recovery=done,
        notes=selection.notes,
        fits=compensated | {name: (value,) for name, value in result.decided.items()},
        judged=judged,
    )


def _absorbed(prepared: Prepared, selection: Selection, plain: Model, options: Options) -> Fitted:
    """The cut model in which kept units took over what removed ones did, if that helps on synthetic inputs."""
    model, traced, plan = prepared.folded, prepared.trace, selection.plan
    request = Request(MOST_ROWS, options.seed, options.inputs)
    made = kept_samples(prepared.original, traced.graph, request, options)
    judged = looked_at(Judged(model, plain, traced, plan, made.batches))
    smaller = cut(model, traced, plan, selection.overrides)
    helps = check_fitting(judged, smaller)
    if not helps.passed:
        return Fitted(plain, None, (*selection.notes, f"{_NO_HELP}: {helps.detail}"))
    return Fitted(smaller, None, selection.notes, fits_of(traced, plan, selection.overrides, plain), judged)


def _room(traced: Trace, selection: Selection, options: Options) -> int:
    """How many parameters may be added again without missing the target; none on synthetic inputs.

    A bias fitted on synthetic inputs is tied to their level, and is far off on real ones of another level.
    """
    if options.calibration is None:
        return 0
    left, whole = cost(traced, selection.plan.removed).parameters, cost(traced, nothing(traced)).parameters
    if options.budget != "parameters":
        return whole - left
    return max(int((1 - Fraction(str(options.target))) * whole) - left, 0)


def _accuracies(prepared: Prepared, selection: Selection, labelled: Labelled, options: Options) -> list[float]:
    """The accuracy of the models that all steps but the last one end in."""
    model, traced = prepared.folded, prepared.trace
    found = []
    for step in selection.steps[:-1]:
        only = replace(options, target=step.share)
        run = Run(only.memory, only.seed, only.threads, provider=only.provider)
        is_progressive = selection.profile is None  # then what units compensated on the way matters
        part = choose(model, traced, only, run) if is_progressive else _until(traced, selection, step)
        fitted = _fitted(prepared, part, cut(model, traced, part.plan), only, run)
        made = on_integers(prepared, part.plan, fitted)
        found.append(accuracy_of(made.model, labelled))
    return found


def _until(traced: Trace, selection: Selection, last: Step) -> Selection:
    """The selection as far as step `last`."""
    removed = unread(traced)
    starts = {group.name: group.start for group in traced.groups}
    for step in selection.steps[: selection.steps.index(last) + 1]:
        for name, units in step.removed.items():
            removed[starts[name] + np.array(units, np.int64)] = True
    return replace(selection, plan=make_plan(removed))
