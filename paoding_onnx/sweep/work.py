"""One run: `prune` in a process of its own, on this machine or on another one that shares no files with it."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory
from types import MappingProxyType
from typing import Any

from paoding_onnx.errors import ModelError
from paoding_onnx.sweep.grid import Source, Task
from paoding_onnx.sweep.option_files import with_absolute_paths
from paoding_onnx.sweep.process import run_command

_ABOUT_INPUTS = ("--input", "--input-shape")
_LABELLED, _TABLE, _CACHE = "labelled", "latency_table.json", "cache"
_MOST_SHARED = 1 << 28
"""Bytes of measurements that go from one run to others; measuring again is better than sending more around."""


@dataclass(frozen=True, slots=True)
class Parcel:
    """A run to be done anywhere: the words for `prune`, the content of files by name, the model's first, and a name.

    Under that name the smaller model is written; it must not change, as the file with the weights beside it is named
    in it.
    """

    words: tuple[str, ...]
    files: Mapping[str, bytes]
    out: str
    labelled: str = ""


@dataclass(frozen=True, slots=True)
class Done:
    """How a run ended: its status, the last line of a failed one, what it said as JSON, and the files that it wrote.

    `latency` are milliseconds before and after, once they were measured. `measured` are files of a cache, with which
    runs for other targets need not measure the model again.
    """

    status: int
    message: str
    seconds: float
    document: Mapping[str, Any] = field(default_factory=dict)
    files: Mapping[str, bytes] = field(default_factory=dict)
    latency: tuple[float, float] | None = None
    measured: Mapping[str, bytes] = field(default_factory=dict)


def parcel_of(task: Task, measured: Mapping[str, bytes] = MappingProxyType({})) -> Parcel:
    """A run with the content of its files, and what another run has `measured` of the model."""
    source = task.source
    beside = source.files[0].parent
    files = {file.relative_to(beside).as_posix(): file.read_bytes() for file in source.files}
    files |= {f"{_CACHE}/{name}": content for name, content in measured.items()}
    out = f"{task.name}.onnx"
    words = task.words
    if "--cache" not in words:
        words = (*words, "--cache", _CACHE)
    if source.table is not None:
        files |= {_TABLE: source.table.read_bytes()}
        words = (*words, "--latency-table", _TABLE)
    if source.labelled is None:
        return Parcel(words, files, out)
    name = f"{_LABELLED}{source.labelled.suffix}"
    return Parcel(words, {**files, name: source.labelled.read_bytes()}, out, name)


def run_parcel(parcel: Parcel) -> Done:
    """Do a run. What it wrote comes back as `files`."""
    with TemporaryDirectory(prefix="paoding_onnx-sweep-") as name:
        folder = Path(name)
        for file, content in parcel.files.items():
            (folder / file).parent.mkdir(parents=True, exist_ok=True)
            (folder / file).write_bytes(content)
        (folder / "out").mkdir()
        model = next(iter(parcel.files))
        words = ["prune", model, "-o", f"out/{parcel.out}", *parcel.words, "--no-latency", "--threads", "1"]
        words += ["--json", "--quiet"]
        words += ["--eval", parcel.labelled] if parcel.labelled else []
        start = time.monotonic()
        status, out, message = run_command(words, folder)
        written = sorted((folder / "out").iterdir()) if status == 0 else []
        files = {file.name: file.read_bytes() for file in written}
        document = json.loads(out) if status == 0 else {}
        return Done(status, message, time.monotonic() - start, document, files, measured=_measured(folder, parcel))


def _measured(folder: Path, parcel: Parcel) -> dict[str, bytes]:
    """What a run has measured beside what it was given, if that is not too much to send."""
    found = [file for file in sorted(folder.glob(f"{_CACHE}/*")) if f"{_CACHE}/{file.name}" not in parcel.files]
    if sum(file.stat().st_size for file in found) > _MOST_SHARED:
        return {}
    return {file.name: file.read_bytes() for file in found}


def measure_table(source: Source, target: Path, words: Sequence[str]) -> None:
    """Write times of the layers of a model, measured here with one thread; `words` are options of `prune`.

    Raises:
        ModelError: if that cannot be done.
    """
    known = [word for pair in pairwise(with_absolute_paths(words)) if pair[0] in _ABOUT_INPUTS for word in pair]
    command = ["profile", str(source.files[0].resolve()), "-o", str(target.resolve()), "--threads", "1", "--force"]
    status, _, message = run_command([*command, *known, "--quiet"], target.parent)
    if status:
        raise ModelError(f"the layers of {source.name} could not be timed: {message}")
