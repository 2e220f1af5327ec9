"""What `evaluate` found, as a JSON-ready document and as tables for a terminal."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

from rich import box
from rich.console import RenderableType
from rich.markup import escape
from rich.table import Table

from paoding_onnx.evaluation.evaluate import Comparison, Evaluation
from paoding_onnx.evaluation.latency import Resources
from paoding_onnx.evaluation.metrics import ClassScore, Interval
from paoding_onnx.report.documents import Document, number, sha256

MAX_CLASSES = 40
"""Longer tables of classes show those with the lowest F1."""
_SHARES = ("accuracy", "top_")
"""First letters of measures shown in percent."""


def evaluate_document(evaluation: Evaluation, *, source: Path, against: Path | None = None) -> Document:
    """Everything that was measured; files are named without their folders, figures that do not exist are null."""
    other = evaluation.comparison
    return {
        "model": {"file": source.name, "sha256": sha256(source)},
        "task": evaluation.task,
        "samples": evaluation.n_samples,
        "measures": {name: number(value) for name, value in evaluation.measures.items()},
        "classes": [_finite(asdict(row)) for row in evaluation.classes],
        "resources": _resources(evaluation.resources),
        "against": None if other is None or against is None else _comparison(other, against),
    }


def evaluate_lines(name: str, evaluation: Evaluation, *, verbose: bool = False) -> Iterator[RenderableType]:
    """What `evaluate` prints: the measures, beside the original's if there is one, then the table of classes."""
    yield f"{escape(name)}: {evaluation.task} task, {evaluation.n_samples:,} samples"
    yield _measures(evaluation)
    if evaluation.resources is not None:
        yield _circumstances(evaluation.resources)
    if evaluation.comparison is not None:
        yield from _agreement(evaluation.comparison)
    if evaluation.classes:
        yield _classes(evaluation.classes, verbose)
    if len(evaluation.classes) > MAX_CLASSES and not verbose:
        yield f"and {len(evaluation.classes) - MAX_CLASSES} more classes with a higher F1; --verbose lists them all"


def _comparison(other: Comparison, against: Path) -> Document:
    return {
        "file": against.name,
        "sha256": sha256(against),
        "measures": {name: number(value) for name, value in other.measures.items()},
        "resources": _resources(other.resources),
        "agreement": None if other.agreement is None else number(other.agreement.value),
        "agreement_interval": None if other.agreement is None else _interval(other.agreement),
        "movement": None if other.movement is None else number(other.movement),
        "mcnemar_p_value": number(other.p_value),
        "differences": [
            {"measure": d.measure, "method": d.method, "confidence": 0.95, **_finite(asdict(d.interval))}
            for d in other.differences
        ],
    }


def _resources(resources: Resources | None) -> Document | None:
    return None if resources is None else asdict(resources)


def _interval(share: Interval) -> Document:
    return {"method": "Wilson score", "confidence": 0.95, "low": number(share.low), "high": number(share.high)}


def _finite(document: Document) -> Document:
    return {name: number(value) if isinstance(value, float) else value for name, value in document.items()}


def _measures(evaluation: Evaluation) -> Table:
    """Measures and what the model takes; with an original before and after."""
    other = evaluation.comparison
    table = _table("", *(("original", "model") if other is not None else ("model",)))
    for name, value in evaluation.measures.items():
        old = [] if other is None else [_figure(name, other.measures[name])]
        table.add_row(name.replace("_", " "), *old, _figure(name, value))
    found = [evaluation.resources] if other is None else [other.resources, evaluation.resources]
    known = [one for one in found if one is not None]
    if len(known) == len(found):
        table.add_row("latency, ms", *(f"{one.milliseconds:.3g}" for one in known))
        table.add_row("peak memory, MB", *(_megabytes(one.peak_bytes) for one in known))
        table.add_row("file bytes", *(f"{one.file_bytes:,}" for one in known))
    return table


def _circumstances(resources: Resources) -> str:
    where = f"{resources.processors} processor" if resources.processors else "all processors"
    where += "s" if resources.processors > 1 else ""
    return f"latency is the median of {resources.runs:,} runs on {resources.rows} sample(s), {where}"


def _agreement(other: Comparison) -> Iterator[str]:
    if other.movement is not None:
        yield f"outputs moved by {other.movement:.3g} of their size (root mean square)"
    if other.agreement is not None:
        same = other.agreement
        ends = f"95 % interval {same.low:.1%} to {same.high:.1%}"
        yield f"both say the same class for {same.value:.1%} of the samples, {ends}"
    for one in other.differences:
        value, low, high = (
            _change(one.measure, end) for end in (one.interval.value, one.interval.low, one.interval.high)
        )
        yield f"{one.measure.replace('_', ' ')} changed by {value}, 95 % interval {low} to {high} ({one.method})"
    if other.p_value == other.p_value:
        yield f"McNemar's exact test: p = {other.p_value:.3g}"


def _classes(rows: tuple[ClassScore, ...], verbose: bool) -> Table:
    table = _table("class", "samples", "precision", "recall", "F1", "AUROC")
    shown = rows if verbose or len(rows) <= MAX_CLASSES else sorted(rows, key=lambda row: row.f1)[:MAX_CLASSES]
    for row in shown:
        figures = (
            f"{value:.3f}" if value == value else "-" for value in (row.precision, row.recall, row.f1, row.auroc)
        )
        table.add_row(escape(row.name), f"{row.samples:,}", *figures)
    return table


def _figure(name: str, value: float) -> str:
    if value != value:
        return "-"
    return f"{value:.1%}" if name.startswith(_SHARES) else f"{value:.4g}"


def _change(name: str, value: float) -> str:
    return f"{100 * value:+.2f} points" if name.startswith(_SHARES) else f"{value:+.4g}"


def _megabytes(n_bytes: int | None) -> str:
    return "-" if n_bytes is None else f"{n_bytes / 1e6:,.1f}"


def _table(*columns: str) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for position, column in enumerate(columns):
        table.add_column(column, justify="right" if position else "left", overflow="fold")
    return table
