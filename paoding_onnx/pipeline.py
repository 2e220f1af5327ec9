"""prune(): the whole way from a file to a proven smaller file; every stage is called here and nowhere else."""

from __future__ import annotations

import math
from collections.abc import Callable
from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from tempfile import TemporaryDirectory
from types import MappingProxyType

import numpy as np

from paoding_onnx.checks import Verdict
from paoding_onnx.checks import check_file
from paoding_onnx.checks import check_surgery
from paoding_onnx.cost import Cost
from paoding_onnx.cost import cost
from paoding_onnx.cost import nothing
from paoding_onnx.errors import CheckError
from paoding_onnx.errors import TargetError
from paoding_onnx.evaluate import compare
from paoding_onnx.folding import study
from paoding_onnx.graph import Array
from paoding_onnx.loader import Model
from paoding_onnx.loader import load
from paoding_onnx.options import Options
from paoding_onnx.plan import Plan
from paoding_onnx.plan import make_plan
from paoding_onnx.plan import quotas
from paoding_onnx.plan import schedule
from paoding_onnx.reasons import Explanation
from paoding_onnx.reasons import explain_axes
from paoding_onnx.repair import absorb
from paoding_onnx.samplers import METHODS
from paoding_onnx.samplers import View
from paoding_onnx.samplers.reach import reach_of
from paoding_onnx.samplers.view import is_dense
from paoding_onnx.scope import coupled
from paoding_onnx.shapes import runnable_shapes
from paoding_onnx.surgeon import cut
from paoding_onnx.trace import Mask
from paoding_onnx.trace import Trace
from paoding_onnx.trace import trace
from paoding_onnx.writer import Stage
from paoding_onnx.writer import check_targets
from paoding_onnx.writer import data_path
from paoding_onnx.writer import needs_data_file
from paoding_onnx.writer import stage
from paoding_onnx.writer import write_model

Progress = Callable[[str, float], None]
"""Called with what is being done and the share of all work done so far, in [0, 1]."""


@dataclass(frozen=True, slots=True)
class Step:
    """The state after a step: the share asked for so far, what is left, the units each group lost, in that order."""

    share: float
    cost: Cost
    removed: Mapping[str, tuple[int, ...]]


@dataclass(frozen=True, slots=True)
class Pruned:
    """A proven result; `latency_ratio` is after over before on onnxruntime, `difference` see `output_difference`."""

    original: Model
    model: Model
    trace: Trace
    plan: Plan
    options: Options
    before: Cost
    after: Cost
    bytes_before: int
    bytes_after: int
    steps: tuple[Step, ...]
    verdicts: tuple[Verdict, ...]
    latency_ratio: float
    difference: float
    saved: bool


@dataclass(slots=True)
class _State:
    """What is gone, and the constants that absorbing changed: one set of them only, as it may be large."""

    removed: Mask
    contents: Mapping[str, Array]


def examine(model: Model | Path | str, options: Options | None = None) -> Trace:
    """The trace of a model: its groups of units, and what may not go and why.

    >>> [group.n_units for group in examine("models/fraud_mlp.onnx").groups]
    [64, 64]

    Raises:
        ModelError: if the model cannot be read or run.
        UsageError: if a pattern or input shape in `options` does not fit it.
    """
    return _examined(model if isinstance(model, Model) else load(model), options or Options())[1]


def explain(model: Model | Path | str, name: str, options: Options | None = None) -> tuple[Explanation, ...]:
    """Why the axes of tensor or initializer `name` may not shrink, each with the way to the reason.

    >>> [axis.reason for axis in explain("models/fraud_mlp.onnx", "sequential_1/dense_1/Cast/ReadVariableOp:0")]
    ["graph input 'transaction'", '']

    Raises:
        ModelError: if the model cannot be read or run.
        UsageError: if no node has such a tensor, or a pattern or input shape in `options` does not fit the model.
    """
    options = options or Options()
    source = model if isinstance(model, Model) else load(model)
    _, graph = study(source, options.input_shapes, verbose=options.verbose)
    return explain_axes(graph, coupled(graph, options.scope), name)


def _examined(model: Model, options: Options) -> tuple[Model, Trace]:
    """The model to cut, its constants folded where they had to be, and its trace."""
    folded, graph = study(model, options.input_shapes, verbose=options.verbose)
    return folded, trace(graph, options.scope)


def prune(
    model: Model | Path | str,
    output: Path | str | None = None,
    options: Options | None = None,
    *,
    force: bool = False,
    progress: Progress = lambda _what, _share: None,
    extras: Callable[[Pruned, Stage], tuple[Path, ...]] = lambda _pruned, _stage: (),
) -> Pruned:
    """Prune `model`, prove the result, and write it to `output` if given.

    >>> result = prune("models/fraud_mlp.onnx", options=Options(target=0.5))
    >>> result.before.parameters, result.after.parameters, all(verdict.passed for verdict in result.verdicts)
    (6145, 2049, True)

    Args:
        model: a file, or a model that `load` returned.
        output: the file to write; `None` proves the result without keeping it.
        options: how to prune; see `Options`.
        force: replace files that exist; never those that the model was read from.
        progress: told what is going on.
        extras: writes more files on the stage before they all get their names; returns their targets.

    Raises:
        ModelError: if the model cannot be read or run.
        TargetError: if it has no prunable unit, or the target is out of reach.
        CheckError: if a proof fails; then nothing is written.
        OutputError: if the result cannot be written.
    """
    options = options or Options()
    progress("reading", 0.0)
    original = model if isinstance(model, Model) else load(model)
    if output:
        targets = [Path(output), data_path(Path(output))] if needs_data_file(original) else [Path(output)]
        check_targets(targets, original.files, force=force)
    progress("tracing", 0.05)
    folded, traced = _examined(original, options)
    _require_units(traced)
    steps, plan, contents = _choose(traced, options, progress)
    progress("proving the surgery", 0.7)
    plain = cut(folded, traced, plan)
    equivalence = check_surgery(folded, traced, plan, plain, original=original)
    smaller = cut(folded, traced, plan, contents) if contents else plain
    del plain, contents, folded  # as large as the model, and of no more use
    progress("proving the file", 0.8)
    with TemporaryDirectory() as scratch, stage() as held:
        target = Path(output) if output else Path(scratch) / "pruned.onnx"
        files = write_model(smaller, held.place(target))
        result = _prove(original, smaller, traced, plan, options, steps, files, equivalence)
        progress("measuring", 0.9)
        ratio, difference = compare(original, smaller, traced.graph, macs=result.before.macs)
        result = replace(result, latency_ratio=ratio, difference=difference, saved=bool(output))
        if output:
            more = extras(result, held)
            held.commit(*more, *(target.with_name(file.name) for file in files))
    progress("done", 1.0)
    return result


def _require_units(traced: Trace) -> None:
    if not traced.groups:
        reasons = "; ".join(f"{r.operator} {r.node}: {r.reason}" for r in traced.refusals[:3])
        raise TargetError(f"the model has no prunable unit ({reasons or 'it has no weights between its layers'})")


def _choose(traced: Trace, options: Options, progress: Progress) -> tuple[tuple[Step, ...], Plan, Mapping[str, Array]]:
    """Score, plan and absorb in small steps, front to back in each, until the target."""
    state = _State(nothing(traced), MappingProxyType({}))
    steps = []
    rng = np.random.default_rng(options.seed)
    shares = _shares(options)
    last = quotas(traced, shares[-1], by=options.by, round_to=options.round_to)
    if not any(last):
        raise TargetError(
            f"a target of {options.target:.1%} removes not a single whole unit of any group; "
            "raise --target, or set --round-to 1"
        )
    earlier = (quotas(traced, share, by=options.by, round_to=options.round_to) for share in shares[:-1])
    for number, (share, counts) in enumerate(zip(shares, (*earlier, last), strict=True)):
        progress(f"step {number + 1} of {len(shares)}", 0.1 + 0.6 * number / len(shares))
        went = _step(traced, state, counts, options, rng)
        steps.append(Step(float(share), cost(traced, state.removed), went))
    while lacking := _lacking(traced, state.removed, options):
        # which units went matters where layers share constants: their copies cost what the quotas did not foresee
        share = min(share + lacking, Fraction(1))
        counts = quotas(traced, share, by=options.by, round_to=options.round_to)
        went = _step(traced, state, counts, options, rng)
        steps.append(Step(float(share), cost(traced, state.removed), went))
    return tuple(steps), make_plan(state.removed), state.contents


def _lacking(traced: Trace, removed: Mask, options: Options) -> Fraction:
    """Share of the budget that is still to be saved; 0 once the target is met."""
    if options.by == "units":
        return Fraction(0)
    before, after = cost(traced, nothing(traced)), cost(traced, removed)
    total, left = (before.parameters, after.parameters) if options.by == "parameters" else (before.macs, after.macs)
    return max(Fraction(0), Fraction(str(options.target)) - Fraction(total - left, total))


def _shares(options: Options) -> tuple[Fraction, ...]:
    target, step = Fraction(str(options.target)), Fraction(str(options.step))
    return schedule(target, step) if METHODS[options.method].is_progressive else (target,)


def _step(
    traced: Trace, state: _State, counts: tuple[int, ...], options: Options, rng: np.random.Generator
) -> Mapping[str, tuple[int, ...]]:
    """One step: every group loses units until `counts` of it are gone; returns which, by group."""
    method = METHODS[options.method]
    view = View(traced, state.removed, state.contents)
    dense = [group for group in traced.groups if is_dense(view, group)]
    reach = reach_of(view, dense) if method.is_progressive and dense else {}
    went = {}
    for group, count in zip(traced.groups, counts, strict=True):
        view = View(traced, state.removed, state.contents, reach)
        more = count - (group.n_units - view.kept_units(group).size)
        if more <= 0:
            continue
        candidates = method.sampler(view, group, more, rng)
        state.contents = absorb(view, group, candidates)
        state.removed = state.removed.copy()
        state.removed[[candidate.unit for candidate in candidates]] = True
        went[group.name] = tuple(candidate.unit - group.start for candidate in candidates)
    return MappingProxyType(went)


def _prove(
    original: Model,
    smaller: Model,
    traced: Trace,
    plan: Plan,
    options: Options,
    steps: tuple[Step, ...],
    files: tuple[Path, ...],
    equivalence: Verdict,
) -> Pruned:
    """All proofs on the staged file; the measurements are still missing.

    Raises:
        CheckError: if one fails.
    """
    shapes = runnable_shapes(original, traced.graph)
    after = cost(traced, plan.removed)
    verdicts = (equivalence, *check_file(original, files[-1], after, shapes))
    if failed := [verdict for verdict in verdicts if not verdict.passed]:
        words = "; ".join(f"{verdict.name}: {verdict.detail}" for verdict in failed)
        raise CheckError(f"the pruned model failed its proof, nothing was written. {words}")
    return Pruned(
        original=original,
        model=smaller,
        trace=traced,
        plan=plan,
        options=options,
        before=cost(traced, nothing(traced)),
        after=after,
        bytes_before=original.n_bytes,
        bytes_after=sum(file.stat().st_size for file in files),
        steps=steps,
        verdicts=verdicts,
        latency_ratio=math.nan,
        difference=math.nan,
        saved=False,
    )
