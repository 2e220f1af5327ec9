"""What `profile` prints."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from rich.console import RenderableType

from paoding_onnx.report.words import cell, milliseconds, plural, table
from paoding_onnx.timing.table import LatencyTable


def profile_lines(found: LatencyTable, output: Path) -> Iterator[RenderableType]:
    """What was timed, what the operators of the whole model take, where the table is."""
    n_times = sum(times.milliseconds.size for times in found.layers.values())
    yield f"{plural(len(found.layers), 'kind')} of layers timed, {plural(n_times, 'width')} in all"
    if found.inseparable:
        yield f"{plural(len(found.inseparable), 'kind')} of layers cannot be run alone: they count with the others"
    rows = table("operator", "ms a run")
    for name, spent in sorted(found.operators.items(), key=lambda pair: -pair[1]):
        rows.add_row(cell(name), milliseconds(spent))
    yield rows
    yield f"all operators of the whole model: {milliseconds(found.whole)} ms"
    yield f"wrote {cell(str(output))}"
