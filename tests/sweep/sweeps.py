"""Runs of a sweep that never happened, with what they would have said."""

from __future__ import annotations

from pathlib import Path

from paoding_onnx.sweep.grid import Grid, Source, tasks_of
from paoding_onnx.sweep.work import Done

SIZES = {"before": {"parameters": 100, "macs": 1000, "file_bytes": 400}, "prunable_parameters": 100}


def tasks(tmp_path: Path, *names: str, **grid: object):
    """The runs of a grid on models of these names, which are files of their name."""
    sources = []
    for name in names or ("net",):
        (tmp_path / f"{name}.onnx").write_text(name)
        sources.append(Source((tmp_path / f"{name}.onnx",), (f"hash of {name}",)))
    return tasks_of(sources, Grid(**{"targets": (0.25, 0.5), "methods": ("magnitude",)} | grid))


def done(left: int = 50, agreement: float = 0.9, name: str = "", **more: object) -> Done:
    """A run that left so many of 100 parameters."""
    after = {"parameters": left, "macs": 10 * left, "file_bytes": 4 * left}
    measured = {"agreement": agreement, "output_error": 0.1, "outlook": "test it before use"}
    document = {"sizes": {**SIZES, "after": after}, "measured": measured, "input_sizes": {"measured": {"x": [1, 4]}}}
    files = {name: b"small"} if name else {}
    return Done(**{"status": 0, "message": "", "seconds": 1.5, "document": document, "files": files} | more)
