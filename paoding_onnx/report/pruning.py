"""What `prune`, `check` and `sensitivity` print."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from rich.console import RenderableType
from rich.table import Table

from paoding_onnx.evaluation.answers import OutputChange
from paoding_onnx.evaluation.outlook import in_words, judge, moved_by
from paoding_onnx.model.input_sizes import Feeding
from paoding_onnx.report.documents.prune import hints, next_of, off_grid, warnings
from paoding_onnx.report.inspection import at_sizes, refusal_lines, unread_lines
from paoding_onnx.report.next_step import verdict_in_words
from paoding_onnx.report.words import cell, milliseconds, plural, rest, share, some, table
from paoding_onnx.result import Pruned, Recovery, Trial
from paoding_onnx.rules.devices import DEVICES
from paoding_onnx.selection.curve import SHARES, Sensitivity, columns
from paoding_onnx.verification.check import Checked
from paoding_onnx.verification.verdict import Verdict


def prune_lines(result: Pruned, *, verbose: bool = False) -> Iterator[RenderableType]:
    """A sentence, before and after, units of each group, the fidelity, the proofs, what was written."""
    sizes = result.sizes
    gone = share(sizes.before.parameters, sizes.after.parameters)
    fixed = 1 - sizes.prunable_parameters / max(sizes.before.parameters, 1)
    hint = f" ({fixed:.0%} of them cannot be pruned; see `inspect`)" if fixed > 0.5 else ""
    units = int(result.plan.removed[: result.trace.n_grouped].sum())
    yield f"removed {units:,} of {plural(result.trace.n_grouped, 'unit')}: {gone:.1%} of all parameters{hint}"
    yield from unread_lines(result.trace)
    yield from _vocabulary(result)
    yield from _depth(result)
    if sizes_said := at_sizes(result.trace, "MACs and latency at input sizes "):
        yield sizes_said
    by_latency = result.run.options.budget == "latency" and not result.run.options.keeps
    yield from _timed(result) if by_latency else _trials(result.run.trials)
    yield _costs(result)
    yield _units(result, verbose)
    yield from rest(len(result.trace.groups), "groups", verbose=verbose)
    yield from _device(result, verbose)
    yield from _fidelity(result)
    yield from proof_lines(result.proofs)
    if verbose:
        yield from refusal_lines(result.trace.refusals, verbose=True)
    step, output = next_of(result), result.run.output
    yield f"[bold]{verdict_in_words(result.measured)}[/bold]; next, {step.why}: {cell(step.command)}"
    yield "dry run: nothing was written" if output is None else f"wrote {cell(str(output))}"


def _vocabulary(result: Pruned) -> Iterator[str]:
    """How much of the vocabulary went, and what callers have to know."""
    if (found := result.vocabulary) is None:
        return
    n_left, gone = len(found.ids.kept), found.before.parameters - found.after.parameters
    yield (
        f"vocabulary: {n_left:,} of {found.ids.size:,} ids kept, {gone:,} parameters gone with the others; "
        f"{cell(found.ids.change)}"
    )
    if result.run.options.target:
        yield f"the target counts what the vocabulary left: {found.after.parameters:,} parameters"


def _depth(result: Pruned) -> Iterator[RenderableType]:
    """Which residual branches went whole."""
    if (found := result.depth) is None:
        return
    count = len(found.sums)
    branches = f"{count} residual {'branch' if count == 1 else 'branches'}"
    yield f"{branches} gone whole, with all that served them alone; outputs moved, by the measure of sensitivity:"
    listed = table("sum that lost its branch", "moved by then")
    for name, cost in zip(found.sums, found.costs, strict=True):
        listed.add_row(cell(name), f"{cost:.4f}" if math.isfinite(cost) else "not measured")
    yield listed
    if result.run.options.depth is None:
        yield "narrower layers in their place are expected to cost more (--depth 0 leaves all branches)"


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
        cells = [""] * len(SHARES)
        for column, value in zip(columns(curve), curve.values, strict=True):
            cells[column] = f"{value:.4f}"
        found.add_row(cell(curve.group), *cells)
    shapes = next((str(Feeding(curve.input_shapes)) for curve in curves if curve.input_shapes), "")
    at = f", on inputs {cell(shapes)}" if shapes else ""
    yield f"sensitivity of the outputs when one group alone loses this share of its units{at}:"
    yield "Kullback-Leibler divergence of class probabilities (nats) or mean squared change over variance, the larger"
    yield found
    yield from rest(len(curves), "groups", verbose=verbose)


def _costs(result: Pruned) -> Table:
    before, after, latency = result.sizes.before, result.sizes.after, result.measured.latency
    found = table("", "before", "after", "change")
    for name, field in (("parameters", "parameters"), ("MACs", "macs"), ("file bytes", "file_bytes")):
        old, new = getattr(before, field), getattr(after, field)
        found.add_row(name, f"{old:,}", f"{new:,}", f"{-share(old, new):+.1%}")
    if latency is None:
        found.add_row("latency", "", "", "not measurable here" if result.run.options.latency else "not measured")
    else:
        change = f"{latency.ratio - 1:+.1%} ±{latency.spread:.1%}"
        found.add_row("latency, ms", milliseconds(latency.before), milliseconds(latency.after), change)
    return found


def _trials(trials: Sequence[Trial]) -> Iterator[RenderableType]:
    """What was tried to find out how much can go."""
    if not trials:
        return
    found = table("removed", "parameters", "MACs", trials[0].kept.measure, "at worst", "holds", left=("holds",))
    for trial in trials:
        kept = (f"{trial.kept.value:.2%}", f"{trial.kept.bound:.2%}", "yes" if trial.kept.holds else "no")
        found.add_row(f"{trial.share:.1%}", f"{trial.cost.parameters:,}", f"{trial.cost.macs:,}", *kept)
    yield "as far as it holds, with 95 % confidence (the figures of these trials are before the original teaches):"
    yield found


def _timed(result: Pruned) -> Iterator[RenderableType]:
    """What was tried to take the share less time that was asked for, and what came of it."""
    if result.run.trials:
        found = table("by the table", "parameters", "MACs", "time saved", "near enough", left=("near enough",))
        for trial in sorted(result.run.trials, key=lambda one: one.share):
            kept = f"{trial.kept.value:.1%}", "yes" if trial.kept.holds else "no"
            found.add_row(f"{trial.share:.1%}", f"{trial.cost.parameters:,}", f"{trial.cost.macs:,}", *kept)
        yield found
    asked, latency = f"asked for {result.run.options.target:.1%} less time", result.measured.latency
    yield asked if latency is None else f"{asked}: {1 - latency.ratio:.1%} ±{latency.spread:.1%} measured"


def _units(result: Pruned, verbose: bool) -> Table:
    found = table("group", "units", "kept", "removed")
    for group in some(result.trace.groups, verbose=verbose):
        kept = result.plan.kept_units(group)
        row = (f"{group.n_units:,}", f"{kept:,}", f"{share(group.n_units, kept):.1%}")
        found.add_row(cell(group.name) + ("" if group.is_exact else " (inexact)"), *row)
    return found


def _device(result: Pruned, verbose: bool) -> Iterator[RenderableType]:
    """Which kept counts the device does not like, and what is known of it."""
    name, off = result.run.options.device, list(off_grid(result))
    if name is None:
        return
    if off:
        yield f"for {name}: {plural(len(off), 'group')} of {len(result.trace.groups)} off the grid"
        found = table("group off the grid", "kept", "liked: multiples of")
        for one in some(off, verbose=verbose):
            found.add_row(cell(one.group), f"{one.kept:,}", str(one.multiple))
        yield found
        yield from rest(len(off), "groups off the grid", verbose=verbose)
    else:
        yield f"for {name}: all {plural(len(result.trace.groups), 'group')} on the grid"
    for fact in DEVICES[name].facts:
        yield f"known of {name}: {cell(fact.text)} ({cell(fact.source)})"


def _fidelity(result: Pruned) -> Iterator[RenderableType]:
    """What units were chosen on, how close the outputs are, and what to expect of the accuracy."""
    recovery, found = result.run.recovery, result.measured
    if recovery is not None:
        yield from _recovery(recovery, is_synthetic=result.run.options.calibration is None)
    on = f"{plural(found.n_inputs, 'synthetic input')} ({cell(found.inputs)})"
    yield f"compared on {on if found.is_synthetic else f'{found.n_inputs} samples that were held back'}:"
    yield _changes(found.changes)
    judgement = judge(found)
    reason = f" ({cell(judgement.reason)})" if judgement.reason else ""
    yield f"outlook: [bold]{in_words(found)}[/bold]{reason}"
    if found.accuracy_before is not None and found.accuracy_after is not None:
        yield f"accuracy on the labelled samples: {found.accuracy_before:.3f} -> {found.accuracy_after:.3f}"
    for warning in warnings(result):
        yield f"[yellow]warning: {cell(warning)}[/yellow]"
    for hint in hints(result):
        yield f"hint: {cell(hint)}"


def _changes(changes: Sequence[OutputChange]) -> Table:
    """How every output changed, each by what its users care about."""
    found = table("output", "holds", "same answers", "order kept", "channels moved", "the worst", left=("holds",))
    for change in changes:
        same = "" if change.same is None else f"{change.same:.1%}"
        order = "" if change.order is None else f"{change.order:.3f}"
        moved = (moved_by(change.typical), moved_by(change.worst))
        found.add_row(cell(change.output), str(change.kind), same, order, *moved)
    return found


def _recovery(done: Recovery, *, is_synthetic: bool) -> Iterator[str]:
    source = plural(done.n_samples, "synthetic input") if is_synthetic else "calibration data"
    yield f"units chosen on {source}: {cell(done.inputs)}"
    added = f"; {plural(done.n_added, 'bias parameter')} added" if done.n_added else ""
    yield f"{plural(len(done.layers), 'layer')} reconstructed by least squares{added}"
    if (taught := done.taught) is not None:
        moved = f"loss on inputs held back {taught.loss_before:.3g} -> {taught.loss_after:.3g}"
        early = f" of {taught.planned}, then interrupted" if taught.steps < taught.planned else ""
        steps = f"{plural(taught.steps, 'step')}{early}"
        yield f"taught by the original in {steps}, from {cell(taught.first_node)} on: {moved}"
    if done.untaught:
        yield f"not taught by the original: {cell(done.untaught)}"
