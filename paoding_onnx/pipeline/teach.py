"""The fitted model taught by the original, where that can be done and helps; else the result says why not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from paoding_onnx.calibration.fill import growth, with_more
from paoding_onnx.calibration.load import load_samples
from paoding_onnx.calibration.samples import Request, Samples
from paoding_onnx.context import Run
from paoding_onnx.errors import ModelError
from paoding_onnx.names import Effort as Word
from paoding_onnx.options import Options
from paoding_onnx.pipeline.values import Fitted, Prepared
from paoding_onnx.recovery.engine import Engine
from paoding_onnx.recovery.lesson import Effort, Lesson
from paoding_onnx.recovery.pool import image_sides
from paoding_onnx.recovery.recover import recover
from paoding_onnx.recovery.work import work_of_traced
from paoding_onnx.selection.kept_samples import kept_samples
from paoding_onnx.selection.profile import Profile
from paoding_onnx.surgery.plan import Plan
from paoding_onnx.verification.fitting import check_fitting, check_lesson, looked_at

STEPS: Mapping[Word, int] = {"fast": 0, "normal": 700, "high": 2300}
WORK: Mapping[Word, float] = {"fast": 0.0, "normal": 6e11, "high": 1.2e13}
"""How much work all steps together may be, counted as dense multiply-adds; a core does some 2e10 a second."""
ANY_WORK = 1e16
CHEAP: Mapping[Word, int] = {"fast": 0, "normal": 2000, "high": 6000}
"""Up to so many steps where the work allows them."""
RATE = 0.02
"""How far a weight goes in a step, as a share of its size."""
MANY = 1024
"""Real samples from which on no synthetic ones are learned from."""
MORE = 4096
"""Synthetic images to learn from."""
WORK_TO_CHOOSE = 2e11
"""How much work one run of these images may be; they are chosen among several times as many."""


def taught(
    prepared: Prepared, plan: Plan, profile: Profile | None, fitted: Fitted, options: Options, run: Run
) -> Fitted:
    """The fitted model after recovery; as it was, with the reason, where that does not work."""
    steps = options.recover or STEPS[options.effort]
    if profile is None or fitted.recovery is None or fitted.judged is None or not steps:
        return fitted
    uses_batch = bool(profile.basis.statistics.normalization)
    work, keeps_best = ANY_WORK if options.recover else WORK[options.effort], options.on_interrupt == "keep"
    most = 0 if options.recover else CHEAP[options.effort]
    effort = Effort(steps, RATE, work, most, keeps_best=keeps_best)
    samples = _more(prepared, profile.basis.samples, options, run)
    samples, beside = samples.parted()
    uses_batch = uses_batch or beside is not None
    if prepared.teacher is not None and uses_batch and _is_normalised(prepared):
        return _untaught(fitted, "normalizations of networks of two depths cannot be set alike on these inputs")
    teacher = prepared.teacher or prepared.folded
    lesson = Lesson(teacher, prepared.trace, plan, fitted.model, samples, uses_batch, beside)
    try:
        found = recover(lesson, effort, run, Engine)
    except ModelError as error:
        return _untaught(fitted, str(error))
    judged = replace(fitted.judged, reached={})  # it leads elsewhere, on purpose
    if prepared.teacher is not None:
        judged = looked_at(replace(judged, original=prepared.teacher, seen=None))
    own = replace(judged, own_statistics=found.statistics)
    helps = check_fitting(own, found.model)
    if helps.passed:
        helps = check_lesson(judged, fitted.model, found.model, found.statistics)
    if not helps.passed:
        return _untaught(fitted, helps.detail)
    fits = {**fitted.fits, **{name: (value,) for name, value in found.decided.items()}}
    done = replace(fitted.recovery, taught=found.taught)
    return replace(fitted, model=found.model, recovery=done, fits=fits, judged=own)


def _is_normalised(prepared: Prepared) -> bool:
    """Whether the network stores statistics of the training data."""
    return any(bound.rule.stored is not None for bound in prepared.trace.bound_nodes)


def _untaught(fitted: Fitted, reason: str) -> Fitted:
    """The fitted model as it is, with the reason."""
    return replace(fitted, recovery=None if fitted.recovery is None else replace(fitted.recovery, untaught=reason))


def _more(prepared: Prepared, samples: Samples, options: Options, run: Run) -> Samples:
    """More real samples, as far as there are any, and where they are few more synthetic images.

    They are as many as is cheap; otherwise the samples themselves.
    """
    name = max(samples.names, key=lambda one: samples.batches[0][one].size, default="")
    if not name:
        return samples
    first = samples.rows(name, [0])
    graph = prepared.trace.graph
    of_one = work_of_traced(graph).run_of_one * growth(samples.batches[0], graph)
    most = min(MORE, int(WORK_TO_CHOOSE // max(of_one, 1)), options.memory // first.nbytes)
    samples = _with_all_real(prepared, samples, options, most)
    n_more = most - samples.n_samples
    if n_more <= 0 or image_sides(first) is None:
        return samples
    if not samples.is_synthetic and samples.n_samples >= MANY:
        return samples
    run.tell("synthesizing more inputs", 0.0)
    if not samples.is_synthetic:
        return with_more(samples, prepared.folded, graph, Request(n_more, options.seed + 1, options.inputs))
    more = kept_samples(prepared.folded, graph, Request(n_more, options.seed + 1, options.inputs), options)
    return Samples((*samples.batches, *more.batches), samples.description)


def _with_all_real(prepared: Prepared, samples: Samples, options: Options, most: int) -> Samples:
    """Real samples with those of the user's that fits had no need of, `most` in all; others as they are."""
    is_all = samples.is_synthetic or samples.parted()[1] is not None or samples.n_samples >= most
    if is_all or options.calibration is None:
        return samples
    request = Request(most, options.seed, options.inputs)
    return load_samples(options.calibration, prepared.folded, prepared.trace.graph, request)
