"""Which units go: scored, planned and, where weights hand units on, absorbed in small steps until the target is met."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import partial
from pathlib import Path
from types import MappingProxyType

import numpy as np

from paoding_onnx.calibration.amount import made_samples, n_samples_for
from paoding_onnx.calibration.distill import distil
from paoding_onnx.calibration.fill import filled
from paoding_onnx.calibration.load import load_samples
from paoding_onnx.calibration.samples import Request, Samples
from paoding_onnx.context import Run
from paoding_onnx.dependency.cost import Cost, cost, nothing, unread
from paoding_onnx.dependency.trace import Mask, Trace
from paoding_onnx.errors import ModelError, TargetError
from paoding_onnx.layerwise.weights import View, is_dense
from paoding_onnx.model.load import Model
from paoding_onnx.model.nodes import Array
from paoding_onnx.names import percent
from paoding_onnx.options import Options
from paoding_onnx.reconstruction.compensate import merge_units
from paoding_onnx.samplers import METHODS
from paoding_onnx.samplers.output_bounds import bound_outputs
from paoding_onnx.selection.allocation import allocate, reachable
from paoding_onnx.selection.budget import Step, quotas, schedule
from paoding_onnx.selection.cache import key_of, read_entry, write_entry
from paoding_onnx.selection.kept_profile import entry_of, profile_of
from paoding_onnx.selection.meter import Count
from paoding_onnx.selection.profile import Profile
from paoding_onnx.selection.profiling import measure_profile
from paoding_onnx.selection.renumber import renumbered_profile
from paoding_onnx.selection.selection import Selection
from paoding_onnx.shapes.observe import runnable_shapes
from paoding_onnx.surgery.plan import make_plan

MACS_TO_CHOOSE = 6 * 10**11
"""Multiply-adds to spend on finding inputs that suit the model; some ten seconds on two cores."""


@dataclass(slots=True)
class _State:
    """What is gone, and the constants that absorbing changed: one set of them only, as it may be large."""

    removed: Mask
    overrides: Mapping[str, Array]


Studied = tuple[Model, Trace]
"""A model with the same groups, on which units are looked at in place of the one to prune."""


def choose(model: Model, traced: Trace, options: Options, run: Run, studied: Studied | None = None) -> Selection:
    """The units that go: chosen on inputs if the method asks for them and the model allows it, else by weights.

    Raises:
        TargetError: if the target is out of reach, or not a single whole unit.
        UsageError: if the samples for calibration do not fit the model.
    """
    if METHODS[options.method].needs_inputs:
        _require_reachable(traced, options)
    return chooser(model, traced, options, run, studied=studied)(options)


def chooser(
    model: Model,
    traced: Trace,
    options: Options,
    run: Run,
    times: Count | None = None,
    studied: Studied | None = None,
) -> Callable[[Options], Selection]:
    """The way from options to the units that go; whatever their target is, inputs are looked at once, here.

    `times` are the milliseconds of a run, for a target that counts them.

    Raises:
        UsageError: if the samples for calibration do not fit the model.
    """
    if not METHODS[options.method].needs_inputs:
        return lambda asked: _by_weights(traced, asked, run, times)
    try:
        profile = profile_for(model, traced, options, run, studied)
    except ModelError as error:
        note = f"units were chosen by magnitude and no weight was fitted: the model does not run in pieces ({error})"
        return lambda asked: replace(_by_weights(traced, _by_magnitude(asked), run, times), notes=(note,))
    return lambda asked: choose_from(traced, profile, asked, times)


def profile_for(model: Model, traced: Trace, options: Options, run: Run, studied: Studied | None = None) -> Profile:
    """What the units of `model` do, looked at on another model with the same groups if one is `studied`.

    Raises:
        ModelError: if a part of it cannot be run alone.
        UsageError: if the samples for calibration do not fit the model.
    """
    if studied is None:
        return study_units(model, traced, options, run)
    return renumbered_profile(study_units(*studied, options, run), studied[1], traced)


def _by_magnitude(options: Options) -> Options:
    """The same target for units chosen by their weights, without what only a method that looks at inputs can use."""
    return replace(options, method="magnitude", by=options.budget, calibration=None, distill=0, recover=0, cache=None)


def _require_reachable(traced: Trace, options: Options) -> None:
    """Refuse a target that even one unit left in every group does not meet, before any work is done."""
    most = reachable(traced, by=options.budget)
    if options.budget != "units" and most < options.target:
        raise TargetError(
            f"a target of {percent(options.target)} of the {options.budget} is out of reach: the {len(traced.groups)} "
            f"prunable groups carry at most {most:.1%}; lower --target, or see `inspect` for what is not "
            "prunable and why"
        )


def study_units(model: Model, traced: Trace, options: Options, run: Run) -> Profile:
    """What the units of `model` do on the inputs that the options name, out of the cache if it is kept there.

    Raises:
        ModelError: if a part of the model cannot be run alone.
        UsageError: if the samples for calibration do not fit the model.
    """
    own = None
    if options.calibration is not None:
        run.tell("reading samples", 0.0)
        own = _own_samples(model, traced, options.calibration, options)
    if options.cache is None:
        return _studied(model, traced, own, options, run)
    key = key_of(model, options, own)
    entry = read_entry(options.cache, key)
    found = None if entry is None else profile_of(entry, model, traced, own)
    if found is None:
        found = _studied(model, traced, own, options, run)
        write_entry(options.cache, key, entry_of(found, with_samples=own is None))
    return found


def samples_for(model: Model, traced: Trace, options: Options, run: Run) -> Samples:
    """The samples that the options name, else synthetic ones.

    Raises:
        UsageError: if they do not fit the model.
    """
    if options.calibration is not None:
        return _own_samples(model, traced, options.calibration, options)
    return synthetic_samples(model, traced, n_samples_for(model, traced, runnable_shapes(traced.graph)), options, run)


def _studied(model: Model, traced: Trace, own: Samples | None, options: Options, run: Run) -> Profile:
    """What the units do on the samples of the user, or where there are none on synthetic ones."""
    with np.errstate(over="ignore", invalid="ignore"):  # synthetic inputs may make activations explode
        if own is None:
            run.tell("synthesizing inputs", 0.0)
            count = n_samples_for(model, traced, runnable_shapes(traced.graph))
            own = synthetic_samples(model, traced, count, options, run)
        sampler = METHODS[options.method].sampler
        return measure_profile(model, traced, own, sampler, run, is_measured=options.allocation == "measured")


def _own_samples(model: Model, traced: Trace, path: Path, options: Options) -> Samples:
    """The samples of the user; where they are few, synthetic ones beside them."""
    request = _request(traced, n_samples_for(model, traced, runnable_shapes(traced.graph)), options)
    return filled(load_samples(path, model, traced.graph, request), model, traced.graph, request)


def _request(traced: Trace, n_samples: int, options: Options) -> Request:
    """So many samples, and as many runs of the model to find those that suit it as there is time for."""
    macs = max(cost(traced, nothing(traced)).macs, 1)
    return Request(n_samples, options.seed, options.inputs, max(MACS_TO_CHOOSE // macs, n_samples))


def synthetic_samples(model: Model, traced: Trace, n_samples: int, options: Options, run: Run) -> Samples:
    """About `n_samples` synthetic inputs, distilled if that was asked for.

    Raises:
        UsageError: if the options do not fit the model.
    """
    made = made_samples(model, traced.graph, _request(traced, n_samples, options))
    return _distilled(model, traced, made, options, run) if options.distill else made


def _distilled(model: Model, traced: Trace, samples: Samples, options: Options, run: Run) -> Samples:
    """The samples distilled, or as they are with the reason why that cannot be done."""
    try:
        return distil(model, traced, samples, options.distill, run.part(0.0, 0.0))
    except ModelError as error:
        return replace(samples, description=f"{samples.description} (not distilled: {error})")


def choose_from(traced: Trace, profile: Profile, options: Options, times: Count | None = None) -> Selection:
    """Every group loses the first units of its order, as many as the budget takes from it.

    Raises:
        TargetError: if the target is out of reach, or not a single whole unit.
    """
    removed = unread(traced)
    steps = []
    for share, counts in _nested(list(_counts(traced, profile, options, times))):
        before = removed
        removed = unread(traced)
        went = {}
        for group, count in zip(traced.groups, counts, strict=True):
            removed[[candidate.unit for candidate in profile.orders[group.start][:count]]] = True
        removed = traced.without_gaps(removed, before)
        for group, count in zip(traced.groups, counts, strict=True):
            units = [candidate.unit for candidate in profile.orders[group.start][:count]]
            if fresh := tuple(unit - group.start for unit in units if removed[unit] and not before[unit]):
                went[group.name] = fresh
        steps.append(Step(float(share), cost(traced, removed), MappingProxyType(went)))
    return Selection(make_plan(removed), tuple(steps), profile=profile)


def _nested(steps: list[tuple[Fraction, tuple[int, ...]]]) -> list[tuple[Fraction, tuple[int, ...]]]:
    """The steps, none of which takes a unit that a later one gives back."""
    for number in range(len(steps) - 1, 0, -1):
        share, counts = steps[number - 1]
        later = steps[number][1]
        steps[number - 1] = share, tuple(min(pair) for pair in zip(counts, later, strict=True))
    return steps


def _counts(
    traced: Trace, profile: Profile, options: Options, times: Count | None
) -> Iterator[tuple[Fraction, tuple[int, ...]]]:
    """Units that each group has lost after each step."""
    by, round_to, known = options.budget, options.rounding, profile.sensitivities
    for share in _shares(options):
        if known:
            counts = allocate(traced, known, share, by=by, round_to=round_to, times=times)
        else:
            counts = quotas(traced, share, by=by, round_to=round_to, times=times)
        if any(counts) or traced.n_unread:
            yield share, counts
    if not any(counts) and not traced.n_unread:
        raise _too_small(options)


def _by_weights(traced: Trace, options: Options, run: Run, times: Count | None = None) -> Selection:
    """Score, plan and absorb in small steps, front to back in each, until the target."""
    state = _State(unread(traced), MappingProxyType({}))
    steps = []
    rng = np.random.default_rng(options.seed)
    shares = _shares(options)
    quota = partial(quotas, traced, by=options.budget, round_to=options.rounding, times=times)
    last = quota(shares[-1])
    if not any(last) and not traced.n_unread:
        raise _too_small(options)
    earlier = map(quota, shares[:-1])
    for number, (share, counts) in enumerate(zip(shares, (*earlier, last), strict=True)):
        run.tell(f"step {number + 1} of {len(shares)}", number / len(shares))
        went = _step(traced, state, counts, options, rng)
        steps.append(Step(float(share), cost(traced, state.removed), went))
    while lacking := _lacking(traced, steps[-1].cost, options):
        # which units went matters where layers share constants: their copies cost what the quotas did not foresee
        share = min(share + lacking, Fraction(1))
        counts = quota(share)
        went = _step(traced, state, counts, options, rng)
        steps.append(Step(float(share), cost(traced, state.removed), went))
        if share == 1 and not any(went.values()):
            break  # those that are left must stay
    return Selection(make_plan(state.removed), tuple(steps), state.overrides)


def _too_small(options: Options) -> TargetError:
    return TargetError(
        f"a target of {options.target:.1%} removes not a single whole unit of any group; "
        "raise --target, or set --round-to 1"
    )


def _lacking(traced: Trace, after: Cost, options: Options) -> Fraction:
    """Share of the budget that is still to be saved; 0 once the target is met."""
    if options.budget not in ("parameters", "macs"):
        return Fraction(0)
    before = cost(traced, nothing(traced))
    total, left = (before.parameters, after.parameters) if options.budget == "parameters" else (before.macs, after.macs)
    return max(Fraction(0), Fraction(str(options.target)) - Fraction(total - left, total))


def _shares(options: Options) -> tuple[Fraction, ...]:
    target, step = Fraction(str(options.target)), Fraction(str(options.step))
    method = METHODS[options.method]
    return schedule(target, step) if method.is_progressive or method.needs_inputs else (target,)


def _step(
    traced: Trace, state: _State, counts: tuple[int, ...], options: Options, rng: np.random.Generator
) -> Mapping[str, tuple[int, ...]]:
    """One step: every group loses units until `counts` of it are gone; returns which, by group."""
    method = METHODS[options.method]
    view = View(traced, state.removed, state.overrides)
    dense = [group for group in traced.groups if is_dense(view, group)] if method.is_progressive else []
    output_bounds = bound_outputs(view, dense) if dense else {}
    went = {}
    for group, count in zip(traced.groups, counts, strict=True):
        view = View(traced, state.removed, state.overrides, output_bounds)
        more = count - (group.n_units - view.kept_units(group).size)
        if more <= 0:
            continue
        candidates = method.sampler(view, group, more, rng)
        wished = state.removed.copy()
        wished[[candidate.unit for candidate in candidates]] = True
        removed = traced.without_gaps(wished, state.removed)
        candidates = tuple(candidate for candidate in candidates if removed[candidate.unit])
        state.overrides = merge_units(view, group, candidates)
        state.removed = removed
        went[group.name] = tuple(candidate.unit - group.start for candidate in candidates)
    return MappingProxyType(went)
