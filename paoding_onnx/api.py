"""prune(): the whole way from a file to a proven smaller file; every stage is called here and nowhere else."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from paoding_onnx.context import Progress, Run, silent
from paoding_onnx.dependency.cost import Cost, cost, nothing
from paoding_onnx.dependency.coupling import coupled
from paoding_onnx.dependency.explain import Explanation, explain_axes
from paoding_onnx.dependency.groups import trace
from paoding_onnx.dependency.trace import Trace
from paoding_onnx.errors import CheckError, ModelError, TargetError
from paoding_onnx.evaluation.dataset import Labelled
from paoding_onnx.evaluation.evaluate import accuracy_of
from paoding_onnx.evaluation.fidelity import compare
from paoding_onnx.evaluation.load import read_labelled
from paoding_onnx.model.load import Model, load
from paoding_onnx.model.save import Stage, check_targets, data_path, needs_data_file, stage, write_model
from paoding_onnx.options import Options
from paoding_onnx.reconstruction.reconstruct import reconstruct
from paoding_onnx.result import Pruned, Recovery
from paoding_onnx.selection.budget import Step
from paoding_onnx.selection.curve import Sensitivity
from paoding_onnx.selection.select import Selection, choose, study_units
from paoding_onnx.shapes.constant_folding import study
from paoding_onnx.shapes.observe import runnable_shapes
from paoding_onnx.surgery.cut import cut
from paoding_onnx.surgery.plan import Plan, make_plan
from paoding_onnx.verification.proofs import check_file, check_surgery
from paoding_onnx.verification.verdict import Verdict


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


def _run(options: Options, progress: Progress = silent) -> Run:
    return Run(options.memory, options.seed, options.threads, progress)


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
    progress: Progress = silent,
    extras: Callable[[Pruned, Stage], tuple[Path, ...]] = lambda _pruned, _stage: (),
) -> Pruned:
    """Prune `model`, prove the result, and write it to `output` if given.

    >>> result = prune("models/fraud_mlp.onnx", options=Options(target=0.5))
    >>> result.before.parameters, result.after.parameters, all(verdict.passed for verdict in result.verdicts)
    (6145, 2145, True)

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
    run = _run(options, progress)
    run.tell("reading", 0.0)
    original, labelled = _read(model, output, options, force=force)
    progress("tracing", 0.05)
    folded, traced = _examined(original, options)
    _require_units(traced)
    selection = choose(folded, traced, options, run.part(0.05, 0.55))
    progress("proving the surgery", 0.6)
    plain, equivalence = _proven_cut(original, folded, traced, selection)
    progress("fitting weights", 0.65)
    smaller, recovery, notes = _reconstructed(folded, traced, selection, plain, options, run.part(0.65, 0.1))
    if labelled is not None:
        progress("evaluating each step", 0.75)
    steps = _evaluated(folded, traced, selection, options, labelled, smaller)
    del plain, folded  # as large as the model, and of no more use
    progress("proving the file", 0.85)
    with TemporaryDirectory() as scratch, stage() as held:
        target = Path(output) if output else Path(scratch) / "pruned.onnx"
        files = write_model(smaller, held.place(target))
        after, verdicts = _prove(original, traced, selection.plan, files, equivalence, recovery)
        progress("measuring", 0.9)
        before = cost(traced, nothing(traced))
        result = Pruned(
            original=original,
            model=smaller,
            trace=traced,
            plan=selection.plan,
            options=options,
            before=before,
            after=after,
            bytes_before=original.n_bytes,
            bytes_after=sum(file.stat().st_size for file in files),
            steps=steps,
            verdicts=verdicts,
            comparison=compare(original, smaller, traced.graph, options.inputs, macs=before.macs, seed=options.seed),
            recovery=recovery,
            notes=notes,
            saved=bool(output),
            accuracy_before=None if labelled is None else accuracy_of(original, labelled),
        )
        if output:
            more = extras(result, held)
            held.commit(*more, *(target.with_name(file.name) for file in files))
    progress("done", 1.0)
    return result


def _read(
    model: Model | Path | str, output: Path | str | None, options: Options, *, force: bool
) -> tuple[Model, Labelled | None]:
    """The model and the labelled samples, if there are any; refuses to write where something is that has to stay."""
    original = model if isinstance(model, Model) else load(model)
    if output:
        targets = [Path(output), data_path(Path(output))] if needs_data_file(original) else [Path(output)]
        check_targets(targets, original.files, force=force)
    return original, None if options.eval is None else read_labelled(options.eval, original)


def _require_units(traced: Trace) -> None:
    if not traced.groups:
        reasons = "; ".join(f"{r.operator} {r.node}: {r.reason}" for r in traced.refusals[:3])
        raise TargetError(f"the model has no prunable unit ({reasons or 'it has no weights between its layers'})")


def _proven_cut(original: Model, folded: Model, traced: Trace, selection: Selection) -> tuple[Model, Verdict]:
    """The cut model, no weight changed, and the proof that the surgery was exact.

    Raises:
        CheckError: if it was not.
    """
    plain = cut(folded, traced, selection.plan)
    equivalence = check_surgery(folded, traced, selection.plan, plain, original=original)
    if not equivalence.passed:
        raise CheckError(f"the surgery failed its proof, nothing was written. {equivalence.detail}")
    return plain, equivalence


def _reconstructed(
    model: Model, traced: Trace, selection: Selection, plain: Model, options: Options, run: Run
) -> tuple[Model, Recovery | None, tuple[str, ...]]:
    """The cut model with what absorbing changed, or with its layers fitted; what was done, and why if nothing was."""
    profile = selection.profile
    if profile is None:
        smaller = cut(model, traced, selection.plan, selection.overrides) if selection.overrides else plain
        return smaller, None, selection.notes
    try:
        result = reconstruct(model, traced, selection.plan, profile.basis, run, room=_room(traced, selection, options))
    except ModelError as error:
        return plain, None, (f"no weight was fitted: the smaller model does not run in pieces ({error})",)
    samples = profile.basis.samples
    done = Recovery(samples.description, samples.n_samples, profile.sensitivities, result.layers, result.n_added)
    return result.model, done, selection.notes


def _room(traced: Trace, selection: Selection, options: Options) -> int:
    """How many parameters may be added again without missing the target; none if inputs were made up.

    A bias fitted on made-up inputs is tied to their level, and is far off on real ones of another level.
    """
    if options.calibration is None:
        return 0
    left, whole = cost(traced, selection.plan.removed).parameters, cost(traced, nothing(traced)).parameters
    if options.by != "parameters":
        return whole - left
    return max(int((1 - Fraction(str(options.target))) * whole) - left, 0)


def _evaluated(
    model: Model, traced: Trace, selection: Selection, options: Options, labelled: Labelled | None, smaller: Model
) -> tuple[Step, ...]:
    """The steps, where there are samples with the accuracy of the model that each ends in; the last is `smaller`."""
    if labelled is None:
        return selection.steps
    steps = []
    for step in selection.steps[:-1]:
        only = replace(options, target=step.share)
        is_progressive = selection.profile is None  # then what units absorbed on the way matters
        part = choose(model, traced, only, _run(only)) if is_progressive else _until(traced, selection, step)
        made = _reconstructed(model, traced, part, cut(model, traced, part.plan), only, _run(only))[0]
        steps.append(replace(step, accuracy=accuracy_of(made, labelled)))
    return (*steps, replace(selection.steps[-1], accuracy=accuracy_of(smaller, labelled)))


def _until(traced: Trace, selection: Selection, last: Step) -> Selection:
    """The choice as far as step `last`."""
    removed = nothing(traced)
    starts = {group.name: group.start for group in traced.groups}
    for step in selection.steps[: selection.steps.index(last) + 1]:
        for name, units in step.removed.items():
            removed[starts[name] + np.array(units, np.int64)] = True
    return replace(selection, plan=make_plan(removed))


def sensitivity(
    model: Model | Path | str, options: Options | None = None, *, progress: Progress = silent
) -> tuple[Sensitivity, ...]:
    """How much the outputs suffer when each group alone loses units, in the trace's order; see `Sensitivity`.

    Raises:
        ModelError: if the model cannot be read, or not be run in pieces.
        TargetError: if it has no prunable unit.
        UsageError: if a pattern, input shape or samples in `options` do not fit the model.
    """
    options = replace(options or Options(), method="reconstruction", allocation="measured")
    folded, traced = _examined(model if isinstance(model, Model) else load(model), options)
    _require_units(traced)
    return study_units(folded, traced, options, _run(options, progress)).sensitivities


def _prove(
    original: Model, traced: Trace, plan: Plan, files: tuple[Path, ...], equivalence: Verdict, recovery: Recovery | None
) -> tuple[Cost, tuple[Verdict, ...]]:
    """All proofs on the staged file, and what it costs, with the parameters that the repair added.

    Raises:
        CheckError: if one fails.
    """
    shapes = runnable_shapes(original, traced.graph)
    cheaper = cost(traced, plan.removed)
    after = replace(cheaper, parameters=cheaper.parameters + (0 if recovery is None else recovery.n_added))
    verdicts = (equivalence, *check_file(original, files[-1], after, shapes))
    if failed := [verdict for verdict in verdicts if not verdict.passed]:
        description = "; ".join(f"{verdict.name}: {verdict.detail}" for verdict in failed)
        raise CheckError(f"the pruned model failed its proof, nothing was written. {description}")
    return after, verdicts
