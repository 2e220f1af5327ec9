"""What `evaluate` prints."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import RenderableType
from rich.table import Table

from paoding_onnx.evaluation.evaluate import Comparison, Evaluation
from paoding_onnx.evaluation.latency import Resources
from paoding_onnx.evaluation.metrics import ClassScore
from paoding_onnx.report.words import cell, milliseconds, plural, table

MAX_CLASSES = 40
"""Longer tables of classes show those with the lowest F1."""
_SHARES = ("accuracy", "top_")
"""First letters of measures shown in percent."""


def evaluate_lines(name: str, evaluation: Evaluation, *, verbose: bool = False) -> Iterator[RenderableType]:
    """The measures, beside the original's if there is one, then the table of classes."""
    yield f"{cell(name)}: {evaluation.task} task, {plural(evaluation.n_samples, 'sample')}"
    yield _measures(evaluation)
    if evaluation.resources is not None:
        yield _circumstances(evaluation.resources)
    if evaluation.comparison is not None:
        yield from _agreement(evaluation.comparison)
    if evaluation.classes:
        yield _classes(evaluation.classes, verbose)
    if len(evaluation.classes) > MAX_CLASSES and not verbose:
        yield f"and {len(evaluation.classes) - MAX_CLASSES} more classes with a higher F1; --verbose lists them all"


def _measures(evaluation: Evaluation) -> Table:
    """Measures and what the model takes; with an original before and after."""
    other = evaluation.comparison
    found = table("", *(("original", "model") if other is not None else ("model",)))
    for name, value in evaluation.measures.items():
        old = [] if other is None else [_figure(name, other.measures[name])]
        found.add_row(name.replace("_", " "), *old, _figure(name, value))
    spent = [evaluation.resources] if other is None else [other.resources, evaluation.resources]
    known = [one for one in spent if one is not None]
    if len(known) == len(spent):
        found.add_row("latency, ms", *(milliseconds(one.milliseconds) for one in known))
        found.add_row("peak memory, MB", *(_megabytes(one.peak_bytes) for one in known))
        found.add_row("file bytes", *(f"{one.file_bytes:,}" for one in known))
    return found


def _circumstances(resources: Resources) -> str:
    where = plural(resources.processors, "processor") if resources.processors else "all processors"
    return f"latency is the median of {plural(resources.runs, 'run')} on {plural(resources.rows, 'sample')}, {where}"


def _agreement(other: Comparison) -> Iterator[str]:
    if other.output_error is not None:
        yield f"relative output error {other.output_error:.3g} (root mean square)"
    if other.agreement is not None:
        same = other.agreement
        ends = f"95 % interval {same.low:.1%} to {same.high:.1%}"
        yield f"same top-1 on {same.value:.1%} of the samples, {ends}"
    for one in other.differences:
        value, low, high = (
            _change(one.measure, end) for end in (one.interval.value, one.interval.low, one.interval.high)
        )
        yield f"{one.measure.replace('_', ' ')} changed by {value}, 95 % interval {low} to {high} ({one.method})"
    if other.p_value == other.p_value:
        yield f"McNemar's exact test: p = {other.p_value:.3g}"


def _classes(rows: tuple[ClassScore, ...], verbose: bool) -> Table:
    found = table("class", "samples", "precision", "recall", "F1", "AUROC")
    shown = rows if verbose or len(rows) <= MAX_CLASSES else sorted(rows, key=lambda row: row.f1)[:MAX_CLASSES]
    for row in shown:
        figures = (
            f"{value:.3f}" if value == value else "-" for value in (row.precision, row.recall, row.f1, row.auroc)
        )
        found.add_row(cell(row.name), f"{row.samples:,}", *figures)
    return found


def _figure(name: str, value: float) -> str:
    if value != value:
        return "-"
    return f"{value:.1%}" if name.startswith(_SHARES) else f"{value:.4g}"


def _change(name: str, value: float) -> str:
    return f"{100 * value:+.2f} points" if name.startswith(_SHARES) else f"{value:+.4g}"


def _megabytes(n_bytes: int | None) -> str:
    return "-" if n_bytes is None else f"{n_bytes / 1e6:,.1f}"
