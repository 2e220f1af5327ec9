"""What users call: each verb takes a model, hands it to the rooms that know how, and returns a value.

It must not know how a stage works: `paoding_onnx.pipeline` calls the stages of `prune`.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TypedDict

import numpy as np

from paoding_onnx.calibration.samples import Samples
from paoding_onnx.context import WRITING, Progress, Run, logged, silent
from paoding_onnx.dependency.coupling import coupled
from paoding_onnx.dependency.explain import Explanation, explain_axes
from paoding_onnx.dependency.trace import Trace
from paoding_onnx.errors import ModelError, UsageError
from paoding_onnx.evaluation.gates import Gate, parse_gates, require_passed
from paoding_onnx.evaluation.load import read_labelled
from paoding_onnx.layerwise.blas import products_alone
from paoding_onnx.model.load import Model
from paoding_onnx.model.save import write_model, write_text
from paoding_onnx.model.scratch import scratch_folder
from paoding_onnx.model.session import require_provider
from paoding_onnx.model.stage import Stage, stage
from paoding_onnx.options import Options
from paoding_onnx.pipeline.blocks import without_spare
from paoding_onnx.pipeline.by_plan import shrink_by
from paoding_onnx.pipeline.depth import with_depth, with_depth_of
from paoding_onnx.pipeline.prepare import given_by, prepare, require_units, with_twin
from paoding_onnx.pipeline.prove import prove
from paoding_onnx.pipeline.read import read, read_beside
from paoding_onnx.pipeline.shrink import shrink, shrink_as_far
from paoding_onnx.pipeline.sign import sign, told_options
from paoding_onnx.pipeline.timing import measured
from paoding_onnx.pipeline.values import Job, Shrunk
from paoding_onnx.pipeline.vocabulary import with_vocabulary, with_vocabulary_of
from paoding_onnx.report.files import PAGE_SUFFIXES, plan_text, report_text, vocabulary_text
from paoding_onnx.result import Pruned
from paoding_onnx.selection.cache import check_folder
from paoding_onnx.selection.curve import Sensitivity
from paoding_onnx.selection.select import profile_for, synthetic_samples
from paoding_onnx.shapes.study import study
from paoding_onnx.surgery.plan import plan_hash, read_plan
from paoding_onnx.timing.table import LatencyTable
from paoding_onnx.vocabulary.document import ENTRY as VOCABULARY


class Documents(TypedDict, total=False):
    """Files to be written beside a pruned model, all of them or none.

    `plan` says which positions of which initializers stay; `report` what was done and found, as a page if the file ends
    in .html, else as JSON.
    """

    plan: Path | str
    report: Path | str


def inspect(model: Model | Path | str, options: Options | None = None) -> Trace:
    """The trace of a model: its groups of units, and what may not go and why.

    >>> [group.n_units for group in inspect("models/fraud_mlp.onnx").groups]
    [64, 64]

    Raises:
        ModelError: if the model cannot be read or run.
        UsageError: if a pattern or input shape in `options` does not fit it.
    """
    return prepare(read(model), options or Options()).trace


def explain(model: Model | Path | str, name: str, options: Options | None = None) -> tuple[Explanation, ...]:
    """Why the axes of tensor or initializer `name` may not shrink, each with the way to the reason.

    >>> [axis.reason for axis in explain("models/fraud_mlp.onnx", "sequential_1/dense_1/Cast/ReadVariableOp:0")]
    ["graph input 'transaction'", '']

    Raises:
        ModelError: if the model cannot be read or run.
        UsageError: if no node has such a tensor, or a pattern or input shape in `options` does not fit the model.
    """
    options = options or Options()
    model = read(model)
    graph = study(model, given_by(model, options), verbose=options.verbose).graph
    return explain_axes(graph, coupled(graph, options.scope), name)


def prune(
    model: Model | Path | str,
    output: Path | str | None = None,
    options: Options | None = None,
    *,
    documents: Documents | None = None,
    force: bool = False,
    progress: Progress = silent,
) -> Pruned:
    """Prune `model`, prove the result, and write it to `output` if given.

    >>> result = prune("models/fraud_mlp.onnx", options=Options(target=0.5))
    >>> result.sizes.before.parameters, result.sizes.after.parameters, all(proof.passed for proof in result.proofs)
    (6145, 3043, True)

    Args:
        model: a file, or a model that `load` returned.
        output: the file to write; `None` proves the result without keeping it.
        options: how to prune; see `Options`.
        documents: more files to write, such as ``{"plan": "plan.json", "report": "report.html"}``.
        force: replace files that exist; never those that the model was read from.
        progress: called with what is being done, and the share of all work that is done.

    Raises:
        ModelError: if the model cannot be read or run.
        TargetError: if it has no prunable unit, or the target is out of reach.
        CheckError: if a proof fails; then nothing is written.
        GateError: if the result meets a condition of `options.fail_if`; then nothing is written either.
        OutputError: if the result cannot be written.
    """
    started = time.perf_counter()
    options, target = options or Options(), None if output is None else Path(output)
    check_folder(options.cache)
    wanted, gates = _paths(documents or {}), parse_gates(options.fail_if)
    if options.vocabulary is not None and target is not None:
        wanted[VOCABULARY] = target.with_suffix(".vocabulary.json")
    run = _run(options, progress)
    run.tell("reading", 0.0)
    of_inputs = (value for value in options.input_values.values() if isinstance(value, Path))
    files = (options.calibration, options.eval, options.latency_table, options.vocabulary, *of_inputs)
    others = tuple(path for path in files if isinstance(path, Path))
    original = read_beside(model, target, tuple(wanted.values()), others, force=force)
    labelled = None if options.eval is None else read_labelled(options.eval, original)
    job = with_vocabulary(Job(original, labelled, target, options, run))
    with _computable():
        job = without_spare(with_depth(job))
        job, shrunk = shrink_as_far(job) if options.keeps else (job, shrink(job))
    shrunk = sign(job, shrunk, told_options(job.options))
    return _written(job, shrunk, wanted, started, gates)


def apply(
    plan: Mapping[str, object] | Path | str,
    model: Model | Path | str,
    output: Path | str | None = None,
    options: Options | None = None,
    *,
    force: bool = False,
    progress: Progress = silent,
) -> Pruned:
    """Cut `model`, another copy of the network that `plan` was made for, as the plan says, and prove the result.

    It may have been trained on since, or be another fold: the same units go, and its own weights stay as they are.

    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     first, plan = f"{folder}/first.onnx", f"{folder}/plan.json"
    ...     result = prune("models/fraud_mlp.onnx", first, Options(method="magnitude"), documents={"plan": plan})
    ...     apply(plan, "models/fraud_mlp.onnx").sizes.after.parameters == result.sizes.after.parameters
    True

    Args:
        plan: what `prune` wrote, or its content.
        model: a file, or a model that `load` returned.
        output: the file to write; `None` proves the result without keeping it.
        options: of these only what is known about the inputs and what a run may use count.
        force: replace files that exist; never those that the model was read from.
        progress: called with what is being done, and the share of all work that is done.

    Raises:
        ModelError: if the model cannot be read or run.
        UsageError: if the plan is not one, or does not fit the model.
        CheckError: if a proof fails; then nothing is written.
        GateError: if the result meets a condition of `options.fail_if`; then nothing is written either.
        OutputError: if the result cannot be written.
    """
    started, options, target = time.perf_counter(), options or Options(), None if output is None else Path(output)
    others = () if isinstance(plan, Mapping) else (Path(plan),)
    gates, run = parse_gates(options.fail_if), _run(options, progress)
    run.tell("reading", 0.0)
    document = plan if isinstance(plan, Mapping) else read_plan(Path(plan))
    is_short = document.get(VOCABULARY) is not None and target is not None
    wanted = {VOCABULARY: target.with_suffix(".vocabulary.json")} if is_short and target is not None else {}
    original = read_beside(model, target, tuple(wanted.values()), others, force=force)
    job = with_vocabulary_of(document, Job(original, None, target, options, run))
    job = with_depth_of(document, job)
    job, shrunk = shrink_by(document, job)
    return _written(job, sign(job, shrunk, {"plan": plan_hash(document)}), wanted, started, gates)


def sensitivity(
    model: Model | Path | str, options: Options | None = None, *, progress: Progress = silent
) -> tuple[Sensitivity, ...]:
    """How far the outputs move when each group alone loses units, in the trace's order; see `Sensitivity`.

    >>> [curve.group for curve in sensitivity("models/fraud_mlp.onnx")] == [
    ...     group.name for group in inspect("models/fraud_mlp.onnx").groups
    ... ]
    True

    Raises:
        ModelError: if the model cannot be read, or not be run in pieces.
        TargetError: if it has no prunable unit.
        UsageError: if a pattern, input shape or samples in `options` do not fit the model.
    """
    options = replace(options or Options(), method="reconstruction", allocation="measured")
    check_folder(options.cache)
    prepared = with_twin(prepare(read(model), options), options)
    require_units(prepared.trace)
    run = _run(options, progress)
    with _computable():
        return profile_for(prepared.folded, prepared.trace, options, run, prepared.elsewhere).sensitivities


def profile(model: Model | Path | str, options: Options | None = None, *, progress: Progress = silent) -> LatencyTable:
    """How long the layers of a model take on this machine, by their widths, for a target that counts latency.

    >>> profile("models/fraud_mlp.onnx").whole > 0
    True

    Raises:
        ModelError: if the model cannot be read or run.
        UsageError: if a pattern or input shape in `options` does not fit the model.
    """
    options = options or Options()
    prepared = prepare(read(model), options)
    return measured(prepared.folded, prepared.trace, options, _run(options, progress))


def synthesize(
    model: Model | Path | str,
    options: Options | None = None,
    *,
    n_samples: int = 128,
    progress: Progress = silent,
) -> Samples:
    """About `n_samples` synthetic inputs of the kind that `prune` works with, for calibrating a quantizer and the like.

    >>> inputs = synthesize("models/fraud_mlp.onnx", n_samples=64)
    >>> inputs.n_samples, [feed["transaction"].shape for feed in inputs.batches]
    (64, [(32, 29), (32, 29)])

    Raises:
        ModelError: if the model cannot be read or run.
        UsageError: if the options do not fit the model, or `n_samples` is not above 0.
    """
    options = options or Options()
    if n_samples < 1:
        raise UsageError(f"n_samples {n_samples} is not above 0")
    if options.calibration is not None:
        raise UsageError("calibration brings inputs of its own: leave it out to get synthetic ones")
    prepared = prepare(read(model), options)
    run = _run(options, progress)
    run.tell("synthesizing inputs", 0.0)
    return synthetic_samples(prepared.folded, prepared.trace, n_samples, options, run)


def _paths(documents: Documents) -> dict[str, Path]:
    if unknown := documents.keys() - {"plan", "report"}:
        raise UsageError(f"documents may be a plan and a report, not {', '.join(map(repr, sorted(unknown)))}")
    paths = {kind: Path(str(path)) for kind, path in documents.items()}
    if "report" in paths and (suffix := paths["report"].suffix.lower()) not in ("", ".json", *PAGE_SUFFIXES):
        raise UsageError(f"a report is a page (.html) or JSON (.json), not {suffix}: {paths['report']}")
    return paths


def _written(job: Job, shrunk: Shrunk, wanted: dict[str, Path], started: float, gates: tuple[Gate, ...]) -> Pruned:
    """The proven result, written with the documents that were `wanted`, unless a gate refuses it."""
    target = job.output
    with scratch_folder() as scratch, stage() as held:
        files = write_model(shrunk.model, held.place(target or scratch / "pruned.onnx"))
        result = prove(job, shrunk, files)
        require_passed(gates, result.measured)
        result = replace(result, run=replace(result.run, seconds=time.perf_counter() - started))
        _write_documents(result, wanted, held)
        models = () if target is None else (target.with_name(file.name) for file in files)
        job.run.tell(WRITING, 0.99)
        held.commit(*wanted.values(), *models)
    job.run.tell("done", 1.0)
    return result


def _run(options: Options, progress: Progress) -> Run:
    require_provider(options.provider)
    return Run(options.memory, options.seed, options.threads, logged(progress), provider=options.provider)


@contextmanager
def _computable() -> Iterator[None]:
    """Where layers are compared and fitted: most of what they compute is small, and all of it must be numbers."""
    try:
        with products_alone():
            yield
    except np.linalg.LinAlgError as error:
        message = "weights or inputs hold NaN, infinity or huge numbers: layers compute nothing that could be compared"
        raise ModelError(f"{message} ({error}); the methods magnitude and random do without") from error


def _write_documents(result: Pruned, wanted: dict[str, Path], held: Stage) -> None:
    """Stage the documents that were asked for."""
    for kind, path in wanted.items():
        if kind == "report":
            text = report_text(result, path, held.place)
        else:
            text = plan_text(result, held.place) if kind == "plan" else vocabulary_text(result)
        write_text(text, held.place(path))
