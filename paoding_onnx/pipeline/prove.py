"""The proofs on the file that was written, and what was measured of the model in it: the result of a pruning run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from paoding_onnx.calibration.few import few_samples
from paoding_onnx.calibration.load import load_held_back
from paoding_onnx.calibration.samples import Samples
from paoding_onnx.dependency.cost import Cost, prunable_parameters
from paoding_onnx.errors import CheckError, TargetError
from paoding_onnx.evaluation.evaluate import accuracy_of
from paoding_onnx.evaluation.fidelity import FEW, OTHERS, QUICK, THOROUGH, compare, compare_by_few, request_for
from paoding_onnx.evaluation.kept import accuracy_kept
from paoding_onnx.evaluation.latency import seconds_for
from paoding_onnx.evaluation.measured import Latency, Measured
from paoding_onnx.evaluation.outlook import SAME
from paoding_onnx.model.graph import Graph
from paoding_onnx.model.load import Model, load
from paoding_onnx.model.session import Session
from paoding_onnx.pipeline.latency import ROUNDS, SECONDS, latency_of
from paoding_onnx.pipeline.values import Job, Shrunk
from paoding_onnx.result import Pruned, RunRecord, Size, Sizes
from paoding_onnx.samplers import METHODS
from paoding_onnx.selection.kept_samples import kept_samples
from paoding_onnx.shapes.choices import reopened
from paoding_onnx.shapes.observe import sizes_of
from paoding_onnx.verification.fitting import check_fitting
from paoding_onnx.verification.proofs import Asked, check_file
from paoding_onnx.verification.simplified import check_closed, check_simplified
from paoding_onnx.verification.slices import check_cut
from paoding_onnx.verification.verdict import Verdict
from paoding_onnx.verification.vocabulary import with_change
from paoding_onnx.verification.written import check_written, refitted, restored


def prove(job: Job, shrunk: Shrunk, files: Sequence[Path]) -> Pruned:
    """The result of a run whose smaller model stands in `files`, the model itself last.

    Raises:
        CheckError: if a proof fails.
    """
    traced = shrunk.prepared.trace
    job.run.tell("proving the file", 0.85)
    before, after = shrunk.before, shrunk.after
    proofs = _proven(job, shrunk, files[-1], after)
    job.run.tell("measuring", 0.9)
    n_bytes = sum(file.stat().st_size for file in files)
    return Pruned(
        original=job.original,
        model=shrunk.model,
        trace=traced,
        plan=shrunk.plan,
        sizes=_sizes(job, shrunk, (before, after), n_bytes),
        measured=_measured(job, shrunk, before, files[-1]),
        proofs=proofs,
        run=RunRecord(
            job.options, shrunk.steps, shrunk.fitted.recovery, shrunk.fitted.notes, job.output, trials=shrunk.trials
        ),
        refitted=refitted(shrunk.fitted.model, shrunk.plain),
        vocabulary=job.vocabulary,
        depth=None if job.deeper is None else job.deeper.depth,
    )


def _sizes(job: Job, shrunk: Shrunk, costs: tuple[Cost, Cost], n_bytes: int) -> Sizes:
    """What the file of the original and that of the smaller model take; rows of a vocabulary can be pruned."""
    before, after = costs
    whole = job.cost_before or before
    prunable = prunable_parameters(shrunk.prepared.trace) + whole.parameters - before.parameters
    return Sizes(_size(whole, job.original.n_bytes), _size(after, n_bytes), prunable)


def _size(spent: Cost, file_bytes: int) -> Size:
    return Size(spent.parameters, spent.macs, file_bytes)


def _proven(job: Job, shrunk: Shrunk, file: Path, after: Cost) -> tuple[Verdict, ...]:
    """All proofs, if they hold."""
    proofs = _proofs(job, shrunk, file, after)
    if failed := [proof for proof in proofs if not proof.passed]:
        description = "; ".join(f"{proof.name}: {proof.detail}" for proof in failed)
        raise CheckError(f"the pruned model failed its proof, nothing was written. {description}")
    return proofs


def _proofs(job: Job, shrunk: Shrunk, file: Path, after: Cost) -> tuple[Verdict, ...]:
    """The proofs on the file read again; what comes after a file that is not the proven one would prove nothing."""
    prepared, plain, fitted = shrunk.prepared, shrunk.plain, shrunk.fitted
    read = load(file)
    written = reopened(read, prepared.choices)
    same = check_written(written, fitted.model, plain, fitted.fits)
    if not same.passed:
        return (same,)
    candidate = restored(written, plain, fitted.fits)
    surgery = check_cut(prepared.folded, prepared.trace, shrunk.plan, candidate, original=prepared.original)
    helps = []
    if fitted.judged is not None and refitted(written, plain):
        helps = [check_fitting(fitted.judged, written)]
    traced = prepared.trace
    asked = Asked(after, sizes_of(traced.graph), lambda: traced.shapes_left(shrunk.plan.removed), prepared.choices)
    simplified = check_simplified(job.original, prepared.original, traced, prepared.choices)
    put_together = check_closed(read, written, traced, prepared.choices)
    proofs = (*simplified, surgery, same, *put_together, *helps, *check_file(job.original, file, asked, read))
    proofs = proofs if job.deeper is None else (job.deeper.depth.proof, *proofs)
    return proofs if job.vocabulary is None else (job.vocabulary.proof, *with_change(proofs))


def _measured(job: Job, shrunk: Shrunk, before: Cost, file: Path) -> Measured:
    options = job.options
    original = shrunk.prepared.original if job.deeper is None else job.deeper.model
    found = _compared(original, job, shrunk, before)
    if options.latency:
        found = replace(found, latency=_latency(job, shrunk.prepared.trace.graph, file))
    if job.labelled is None:
        return found
    drop = accuracy_kept(job.whole, job.labelled, 1 - SAME[0], options.seed)(shrunk.fitted.model)
    whole = accuracy_of(job.whole, job.labelled)
    return replace(found, accuracy_before=whole, accuracy_after=shrunk.steps[-1].accuracy, drop=drop)


def _latency(job: Job, graph: Graph, file: Path) -> Latency | None:
    """How long runs of the original's file and of the smaller one take.

    Raises:
        TargetError: if less time was asked for, and the smaller one takes more.
    """
    is_asked = job.options.budget == "latency"
    seconds, rounds = (SECONDS, ROUNDS) if is_asked else (seconds_for(job.run.elapsed()), 1)
    found = latency_of(job.whole, file, graph, on=job.options.deployment, seconds=seconds, rounds=rounds)
    if is_asked and found is not None and found.ratio * (1 - found.spread) > 1:
        raise TargetError(f"the smaller model is slower than the original: {found.ratio - 1:+.1%} time; ask for more")
    return found


def _compared(original: Model, job: Job, shrunk: Shrunk, before: Cost) -> Measured:
    """The model beside what it came from: on samples of the user's that were held back for it, else on synthetic ones.

    Where no inputs are needed to prune, a ruined model is told by few of them.
    """
    options, source, graph = job.options, shrunk.prepared.original, shrunk.prepared.trace.graph
    is_thorough = METHODS[options.method].needs_inputs
    spend = THOROUGH if is_thorough else QUICK
    request = request_for(before.macs, options.seed, options.inputs, spend=spend)
    pruned = shrunk.fitted.model
    held = None
    if options.calibration is not None:
        held = load_held_back(options.calibration, source, graph, request)
    if held is not None:
        return compare(original, pruned, held)
    if is_thorough:
        return compare(original, pruned, kept_samples(source, graph, request, options))
    few = few_samples(source, graph, replace(request, n_samples=FEW))
    rest = replace(request, n_samples=request.n_samples - FEW, seed=request.seed + OTHERS)

    def more(ready: Session | None) -> Samples:
        """More samples, by what the original predicts for them if it may be run."""
        if not request.most_runs:
            return few_samples(source, graph, rest, has_strays=True)
        return kept_samples(source, graph, rest, options, ready if original is source else None)

    return compare_by_few(original, pruned, few, more)
