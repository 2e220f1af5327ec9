"""What `sweep` prints: a table of its runs, or a document."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path

from rich.console import RenderableType

from paoding_onnx.report.documents.values import Document, head
from paoding_onnx.report.words import cell, plural, table
from paoding_onnx.sweep.page import cells_of
from paoding_onnx.sweep.table import Row


def sweep_lines(rows: Sequence[Row], folder: Path) -> Iterator[RenderableType]:
    """A line for each run, the best of each model with a star, and where the rest is."""
    columns = ("model", "method", "target", "parameters", "MACs", "quality", "latency", "outlook", "took")
    found = table(*columns, left=("method", "outlook"))
    for row in rows:
        found.add_row(f"{'* ' if row.best else ''}{cell(row.model)}", *map(cell, cells_of(row)))
    yield found
    failed = sum(row.status != 0 for row in rows)
    yield f"{plural(len(rows), 'run')}, {failed} failed; * no other run of the model is both smaller and better"
    yield f"see {cell(str(folder / 'index.html'))} and {cell(str(folder / 'results.csv'))}"


def sweep_document(rows: Sequence[Row]) -> Document:
    """All rows."""
    return {**head("sweep"), "runs": [asdict(row) for row in rows]}
