"""Times of layers for a sweep whose targets count latency: measured here, one model after the other, and kept."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

from paoding_onnx.errors import UsageError
from paoding_onnx.sweep.grid import Source, with_table
from paoding_onnx.sweep.work import measure_table
from paoding_onnx.timing.table import read_table

Progress = Callable[[str, float], None]
_LETTERS = 16


def with_tables(
    sources: Sequence[Source], folder: Path, words: Sequence[str], progress: Progress
) -> tuple[Source, ...]:
    """The models with times of their layers, in ``latency-HASH.json`` beside the results of each.

    What is there already is taken as it is, so that a sweep that goes on has the same results.

    Raises:
        ModelError: if the layers of a model cannot be timed.
    """
    found = []
    for number, source in enumerate(sources):
        progress(f"timing layers, model {number + 1} of {len(sources)}", 0.0)
        table = folder / source.name / f"latency-{source.hashes[0][:_LETTERS]}.json"
        if not _is_whole(table):
            table.parent.mkdir(parents=True, exist_ok=True)
            measure_table(source, table, words)
        found.append(with_table(source, table))
    return tuple(found)


def _is_whole(table: Path) -> bool:
    with suppress(UsageError):
        read_table(table)
        return True
    return False
