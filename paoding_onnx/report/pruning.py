"""What `prune`, `check` and `sensitivity` print."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from rich.console import RenderableType
from rich.table import Table

from paoding_onnx.model.input_sizes import Feeding
from paoding_onnx.report.documents.prune import warnings
from paoding_onnx.report.inspection import at_sizes, refusal_lines
from paoding_onnx.report.words import cell, plural, rest, share, some, table
from paoding_onnx.result import Pruned, Recovery
from paoding_onnx.selection.curve import SHARES, Sensitivity
from paoding_onnx.verification.check import Checked
from paoding_onnx.verification.verdict import Verdict


def prune_lines(result: Pruned, *, verbose: bool = False) -> Iterator[RenderableType]:
    """A sentence, before and after, units of each group, the fidelity, the proofs, what was written."""
    sizes = result.sizes
    gone = share(sizes.before.parameters, sizes.after.parameters)
    fixed = 1 - sizes.prunable_parameters / max(sizes.before.parameters, 1)
    hint = f" ({fixed:.0%} of them cannot be pruned; see `inspect`)" if fixed > 0.5 else ""
    units = int(result.plan.removed.sum())
    yield f"removed {units:,} of {plural(result.trace.n_units, 'unit')}: {gone:.1%} of all parameters{hint}"
    if sizes_said := at_sizes(result.trace, "MACs and latency at input sizes "):
        yield sizes_said
    yield _costs(result)
    yield _units(result, verbose)
    yield from rest(len(result.trace.groups), "groups", verbose=verbose)
    yield from _fidelity(result)
    yield from proof_lines(result.proofs)
    if verbose:
        yield from refusal_lines(result.trace.refusals, verbose=True)
    output = result.run.output
    yield "dry run: nothing was written" if output is None else f"wrote {cell(str(output))}"


def proof_lines(proofs: Sequence[Verdict]) -> Iterator[RenderableType]:
    """One line for each proof."""
    for proof in proofs:
        style, word = ("green", "ok    ") if proof.passed else ("red", "FAILED")
        yield f"[{style}]{word}[/{style}] {proof.name}: {cell(proof.detail)}"


def check_lines(result: Checked) -> Iterator[RenderableType]:
    """The proofs on two files, and how far their outputs are apart."""
    yield from proof_lines(result.proofs)
    yield f"relative output error on random inputs: {result.output_error:.3g}"
    if not result.has_plan:
        yield "without --plan: the file is sound, but not checked for what was cut, nor for its weights"


def sensitivity_lines(curves: Sequence[Sensitivity], *, verbose: bool = False) -> Iterator[RenderableType]:
    """A row for each group, a column for each share of its units."""
    found = table("group", *(f"~{part:.1%}" for part in SHARES))
    for curve in some(curves, verbose=verbose):
        cells = [f"{value:.4f}" for value in curve.values]
        found.add_row(cell(curve.group), *[""] * (len(SHARES) - len(cells)), *cells)
    shapes = next((str(Feeding(curve.input_shapes)) for curve in curves if curve.input_shapes), "")
    at = f", on inputs {cell(shapes)}" if shapes else ""
    yield f"sensitivity of the outputs when one group alone loses this share of its units{at}:"
    yield "Kullback-Leibler divergence of class probabilities (nats) or mean squared change over variance, the larger"
    yield found
    yield from rest(len(curves), "groups", verbose=verbose)


def _costs(result: Pruned) -> Table:
    before, after, ratio = result.sizes.before, result.sizes.after, result.measured.latency_ratio
    found = table("", "before", "after", "change")
    for name, field in (("parameters", "parameters"), ("MACs", "macs"), ("file bytes", "file_bytes")):
        old, new = getattr(before, field), getattr(after, field)
        found.add_row(name, f"{old:,}", f"{new:,}", f"{-share(old, new):+.1%}")
    latency = ("not measurable", "", "") if math.isnan(ratio) else ("1.00", f"{ratio:.2f}", f"{ratio - 1:+.1%}")
    found.add_row("latency", *latency)
    return found


def _units(result: Pruned, verbose: bool) -> Table:
    found = table("group", "units", "kept", "removed")
    for group in some(result.trace.groups, verbose=verbose):
        kept = result.plan.kept_units(group)
        row = (f"{group.n_units:,}", f"{kept:,}", f"{share(group.n_units, kept):.1%}")
        found.add_row(cell(group.name) + ("" if group.is_exact else " (inexact)"), *row)
    return found


def _fidelity(result: Pruned) -> Iterator[RenderableType]:
    """What units were chosen on, how close the outputs are, and what to expect of the accuracy."""
    recovery, found = result.run.recovery, result.measured
    if recovery is not None:
        yield from _recovery(recovery, is_synthetic=result.run.options.calibration is None)
    kind = "" if recovery is not None and found.inputs == recovery.inputs else f" ({cell(found.inputs)})"
    same = "" if found.agreement is None else f"; same top-1 on {found.agreement:.0%}"
    yield f"fidelity on fresh synthetic inputs{kind}: relative output error {found.output_error:.3g}{same}"
    if found.accuracy_before is not None and found.accuracy_after is not None:
        yield f"accuracy on the labelled samples: {found.accuracy_before:.3f} -> {found.accuracy_after:.3f}"
    for warning in warnings(result):
        yield f"[yellow]warning: {cell(warning)}[/yellow]"


def _recovery(done: Recovery, *, is_synthetic: bool) -> Iterator[str]:
    source = plural(done.n_samples, "synthetic input") if is_synthetic else "calibration data"
    yield f"units chosen on {source}: {cell(done.inputs)}"
    added = f"; {plural(done.n_added, 'bias parameter')} added" if done.n_added else ""
    yield f"{plural(len(done.layers), 'layer')} reconstructed by least squares{added}"
    if (taught := done.taught) is not None:
        moved = f"loss on inputs held back {taught.loss_before:.3g} -> {taught.loss_after:.3g}"
        yield f"taught by the original in {plural(taught.steps, 'step')}, from {cell(taught.first_node)} on: {moved}"
