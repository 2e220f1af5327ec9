"""Results as lines and tables for a terminal (rich renderables); plain text where the output is no terminal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TypeVar

from rich import box
from rich.console import RenderableType
from rich.markup import escape
from rich.table import Table

from paoding_onnx.dependency.cost import cost, group_cost, nothing
from paoding_onnx.dependency.explain import Explanation
from paoding_onnx.dependency.trace import Choice, Refusal, Trace
from paoding_onnx.names import Prefer
from paoding_onnx.report.documents import operators_document, prunable_parameters, refusal_text, share, warnings
from paoding_onnx.result import Pruned
from paoding_onnx.selection.curve import Sensitivity
from paoding_onnx.selection.sensitivity import SHARES
from paoding_onnx.verification.verdict import Verdict

_T = TypeVar("_T")
MAX_ROWS = 40
"""Longer lists of groups or refusals end in a line that says how many more there are."""


def inspect_lines(name: str, trace: Trace, *, verbose: bool = False) -> Iterator[RenderableType]:
    """What `inspect` prints: a summary, the groups, the choices made, the refusals."""
    whole = cost(trace, nothing(trace))
    prunable = prunable_parameters(trace)
    part = prunable / whole.parameters if whole.parameters else 0.0
    yield (
        f"{escape(name)}: {trace.n_units:,} units in {len(trace.groups)} groups; {part:.1%} of "
        f"{whole.parameters:,} parameters can be pruned, {whole.macs:,} MACs"
    )
    table = _table("group", "units", "parameters", "MACs", "exact", "lives on")
    for group in _some(trace.groups, verbose):
        carried = group_cost(trace, group)
        where = f"{len({axis.use.tensor for axis in group.parameter_axes})} initializers"
        row = (f"{group.n_units:,}", f"{carried.parameters:,}", f"{carried.macs:,}", _yes(group.is_exact), where)
        table.add_row(escape(group.name), *row)
    if trace.groups:
        yield table
    yield from _rest(len(trace.groups), "groups", verbose)
    for choice in trace.choices:
        yield _choice(choice)
    yield from _refusals(trace.refusals, verbose)


def why_lines(axes: Sequence[Explanation]) -> Iterator[RenderableType]:
    """What `inspect --why` prints: for each axis whether it may shrink, and the way to the reason if it may not."""
    for axis in axes:
        title = f"{escape(axis.tensor)} axis {axis.axis} ({axis.size} positions)"
        if not axis.reason:
            yield f"{title}: may shrink"
            continue
        yield f"{title}: {axis.n_pinned} pinned"
        for link in axis.way:
            yield f"  {escape(link.operator)} {escape(link.node)} -> {escape(link.tensor)} axis {link.axis}"
        where = f"{escape(axis.operator)} {escape(axis.node)}: " if axis.node else ""
        yield f"  {where}{escape(axis.reason)}"


def prune_lines(result: Pruned, target: str | None, *, verbose: bool = False) -> Iterator[RenderableType]:
    """What `prune` prints: a sentence, before and after, units of each group, the proofs, what was written."""
    before, after = result.before, result.after
    gone = share(before.parameters, after.parameters)
    unprunable = 1 - prunable_parameters(result.trace) / max(before.parameters, 1)
    warning = f" ({unprunable:.0%} of them cannot be pruned; see `inspect`)" if unprunable > 0.5 else ""
    units = int(result.plan.removed.sum())
    yield f"removed {units:,} of {result.trace.n_units:,} units: {gone:.1%} of all parameters{warning}"
    yield _costs(result)
    yield _units(result, verbose)
    yield from _rest(len(result.trace.groups), "groups", verbose)
    yield from _fidelity(result)
    yield from check_lines(result.verdicts)
    if verbose:
        yield from _refusals(result.trace.refusals, verbose)
    yield f"wrote {escape(target)}" if target and result.saved else "dry run: nothing was written"


def sensitivity_lines(sensitivities: Sequence[Sensitivity], *, verbose: bool = False) -> Iterator[RenderableType]:
    """What `sensitivity` prints: a row for each group, a column for each share of its units."""
    table = _table("group", *(f"~{share:.1%}" for share in SHARES))
    for sensitivity in _some(sensitivities, verbose):
        cells = [f"{value:.4f}" for value in sensitivity.values]
        table.add_row(escape(sensitivity.group), *[""] * (len(SHARES) - len(cells)), *cells)
    yield "harm to the outputs when one group alone loses units and the others make up for it:"
    yield "divergence of the answers of a classifier (nats) or mean square change over variance, whichever is larger"
    yield table
    yield from _rest(len(sensitivities), "groups", verbose)


def check_lines(verdicts: Sequence[Verdict]) -> Iterator[RenderableType]:
    """One line for each proof."""
    for verdict in verdicts:
        style = "green" if verdict.passed else "red"
        word = "ok    " if verdict.passed else "FAILED"
        yield f"[{style}]{word}[/{style}] {verdict.name}: {escape(verdict.detail)}"


def operators_lines(*, markdown: bool = False) -> Iterator[RenderableType]:
    """The table of operators; in Markdown for the documentation."""
    rows = [
        [str(entry[key]) for key in ("operator", "domain", "since_version", "rule")] for entry in operators_document()
    ]
    if markdown:
        head = ["| operator | domain | up to version | rule |", "|---|---|---|---|"]
        yield escape("\n".join([*head, *(f"| {' | '.join(row)} |" for row in rows)]))
        return
    table = _table("operator", "domain", "up to version", "rule")
    for row in rows:
        table.add_row(*map(escape, row))
    yield table


def _choice(choice: Choice) -> str:
    other = Prefer.BLOCKS if choice.prefer is Prefer.POSITIONS else Prefer.POSITIONS
    axis = " x ".join(map(str, choice.sizes))
    node = escape(choice.node)
    return f"choice at {node}: of its axis of {axis} {choice.prefer} go; --choose '{node}={other}' for {other}"


def _costs(result: Pruned) -> Table:
    table = _table("", "before", "after", "change")
    rows = (
        ("parameters", result.before.parameters, result.after.parameters),
        ("MACs", result.before.macs, result.after.macs),
        ("file bytes", result.bytes_before, result.bytes_after),
    )
    for name, old, new in rows:
        table.add_row(name, f"{old:,}", f"{new:,}", f"{-share(old, new):+.1%}")
    table.add_row("latency", "1.00", f"{result.latency_ratio:.2f}", f"{result.latency_ratio - 1:+.1%}")
    return table


def _fidelity(result: Pruned) -> Iterator[RenderableType]:
    """What the units were judged on, how far the outputs moved, and what to expect of the accuracy."""
    if result.recovery is not None:
        yield f"judged on {result.recovery.n_samples:,} inputs: {escape(result.recovery.inputs)}"
        added = f", {result.recovery.n_added:,} biases added" if result.recovery.n_added else ""
        n_layers = len(result.recovery.layers)
        yield f"weights of {n_layers} layer{'' if n_layers == 1 else 's'} fitted anew{added}"
    compared = result.comparison
    same = "" if compared.agreement is None else f", {compared.agreement:.0%} of the answers are the same"
    moved = f"outputs moved by {compared.difference:.3g} of their size{same}"
    yield f"on fresh inputs ({escape(compared.description)}) {moved}"
    if result.accuracy_before is not None and result.steps[-1].accuracy is not None:
        yield f"accuracy on the labelled samples: {result.accuracy_before:.3f} -> {result.steps[-1].accuracy:.3f}"
    for note in (*result.notes, *warnings(compared)):
        yield f"[yellow]warning: {escape(note)}[/yellow]"


def _units(result: Pruned, verbose: bool) -> Table:
    table = _table("group", "units", "kept", "removed")
    for group in _some(result.trace.groups, verbose):
        kept = result.plan.kept_units(group)
        row = (f"{group.n_units:,}", f"{kept:,}", f"{share(group.n_units, kept):.1%}")
        table.add_row(escape(group.name + ("" if group.is_exact else " (inexact)")), *row)
    return table


def _refusals(refusals: Sequence[Refusal], verbose: bool) -> Iterator[RenderableType]:
    if not refusals:
        return
    table = _table("left alone", "operator", "node", "because", numbers=False)
    for refusal in _some(refusals, verbose):
        description = (refusal_text(refusal), refusal.operator, refusal.node, refusal.reason)
        table.add_row(*(escape(word) for word in description))
    yield table
    yield from _rest(len(refusals), "refusals", verbose)


def _table(*columns: str, numbers: bool = True) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for position, column in enumerate(columns):
        is_number = numbers and position > 0 and column not in ("lives on", "rule", "domain", "exact")
        table.add_column(column, justify="right" if is_number else "left", overflow="fold")
    return table


def _some(items: Sequence[_T], verbose: bool) -> Sequence[_T]:
    return items if verbose else items[:MAX_ROWS]


def _rest(count: int, what: str, verbose: bool) -> Iterator[str]:
    if count > MAX_ROWS and not verbose:
        yield f"and {count - MAX_ROWS} more {what}; --verbose lists them all"


def _yes(flag: bool) -> str:
    return "yes" if flag else "no"
