"""What came of a sweep: one row for each run, as CSV, and as Parquet where pyarrow is installed."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from paoding_onnx.sweep.grid import Task
from paoding_onnx.sweep.work import Done


@dataclass(frozen=True, slots=True)
class Row:
    """A run: shares are in [0, 1], times in milliseconds, `None` where there is no figure.

    `status` is the exit status of `prune`, `message` why it is not 0; `file` is the smaller model. `quality` is the
    accuracy if there were labelled samples, else the share of the same answers, else one less the relative output
    error; `best` says that no other row of the model is both smaller and better.
    """

    model: str
    method: str
    effort: str
    by: str
    target: float
    status: int
    message: str
    parameters_left: float | None
    macs_left: float | None
    file_bytes: int | None
    quality: float | None
    measure: str
    outlook: str
    accuracy_before: float | None
    accuracy_after: float | None
    agreement: float | None
    output_error: float | None
    latency_before: float | None
    latency_after: float | None
    seconds: float
    best: bool
    key: str
    file: str


def row_of(task: Task, done: Done, file: str) -> Row:
    """The row of a run whose result stands in `file`, below the folder of the sweep."""
    sizes, measured = done.document.get("sizes", {}), done.document.get("measured", {})
    measure, quality = quality_of(measured)
    return Row(
        model=task.source.name,
        method=task.method,
        effort=task.effort,
        by=task.words[task.words.index("--by") + 1],
        target=task.target,
        status=done.status,
        message=done.message,
        parameters_left=_left(sizes, "parameters"),
        macs_left=_left(sizes, "macs"),
        file_bytes=sizes["after"]["file_bytes"] if sizes else None,
        quality=quality,
        measure=measure,
        outlook=measured.get("outlook") or "",
        accuracy_before=measured.get("accuracy_before"),
        accuracy_after=measured.get("accuracy_after"),
        agreement=measured.get("agreement"),
        output_error=measured.get("output_error"),
        latency_before=None if done.latency is None else done.latency[0],
        latency_after=None if done.latency is None else done.latency[1],
        seconds=round(done.seconds, 1),
        best=False,
        key=task.key,
        file=file if done.status == 0 else "",
    )


def quality_of(measured: Mapping[str, Any]) -> tuple[str, float | None]:
    """The measure by which runs of a model are compared, and what it is in one of them."""
    if measured.get("accuracy_after") is not None:
        return "accuracy", float(measured["accuracy_after"])
    if measured.get("agreement") is not None:
        return "same answers", float(measured["agreement"])
    if measured.get("output_error") is not None:
        return "1 - output error", 1 - float(measured["output_error"])
    return "", None


def best_of(rows: Sequence[Row]) -> frozenset[str]:
    """Keys of the rows of one model which none other beats in both size and quality.

    Size is the share of what the target counts that is left.
    """
    known = [
        (size, row.quality, row.key) for row in rows if row.quality is not None and (size := size_of(row)) is not None
    ]
    return frozenset(
        key
        for size, quality, key in known
        if not any(other != key and (a <= size and b >= quality) and (a < size or b > quality) for a, b, other in known)
    )


def csv_text(rows: Sequence[Row]) -> str:
    """All rows. A cell that a spreadsheet would take for a formula begins with an apostrophe."""
    text = io.StringIO()
    writer = csv.DictWriter(text, [field.name for field in fields(Row)], lineterminator="\n")
    writer.writeheader()
    writer.writerows({name: _cell(value) for name, value in asdict(row).items()} for row in rows)
    return text.getvalue()


def write_parquet(rows: Sequence[Row], path: Path) -> bool:
    """Write all rows as Parquet; whether that could be done, which takes pyarrow."""
    if find_spec("pyarrow") is None:
        return False
    arrow, parquet = import_module("pyarrow"), import_module("pyarrow.parquet")
    parquet.write_table(arrow.Table.from_pylist([asdict(row) for row in rows]), path)
    return True


def _left(sizes: Mapping[str, Any], what: str) -> float | None:
    return sizes["after"][what] / sizes["before"][what] if sizes and sizes["before"][what] else None


def size_of(row: Row) -> float | None:
    """The share of what the targets count that is left; of time, of multiply-adds until it was measured."""
    if row.by == "latency" and row.latency_before and row.latency_after is not None:
        return row.latency_after / row.latency_before
    return row.macs_left if row.by in ("macs", "latency") else row.parameters_left


def _cell(value: object) -> object:
    return f"'{value}" if isinstance(value, str) and value[:1] in ("=", "+", "-", "@") else value
