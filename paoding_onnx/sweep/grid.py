"""What is to be run: every model at every target by every method, each run with a key that says what it depends on."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path

from paoding_onnx.errors import UsageError
from paoding_onnx.model.json_file import read_json
from paoding_onnx.model.load import load
from paoding_onnx.model.provenance import version_of
from paoding_onnx.model.save import sha256
from paoding_onnx.names import LOOKING_AT_INPUTS
from paoding_onnx.sweep.option_files import hashes_of, with_absolute_paths

_MADE_WITH = ("paoding_onnx", "onnx", "onnxruntime", "numpy")
_LETTERS = 16


@dataclass(frozen=True, slots=True)
class Grid:
    """What is varied, and what is not.

    Attributes:
        targets: shares to remove, in (0, 1).
        by: what they count.
        methods: how units are chosen.
        efforts: how long the original teaches the smaller model; for methods that look at inputs alone.
        options: further words for `prune`, for all runs alike; files in them are named as seen from the folder here.
    """

    targets: tuple[float, ...] = (0.5,)
    by: str = "parameters"
    methods: tuple[str, ...] = ("reconstruction",)
    efforts: tuple[str, ...] = ()
    options: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Source:
    """A model: its files, the model itself first, and their hashes; `labelled` are samples to evaluate it on.

    `table` holds times of its layers, where targets count latency.
    """

    files: tuple[Path, ...]
    hashes: tuple[str, ...]
    labelled: Path | None = None
    table: Path | None = None

    @property
    def name(self) -> str:
        """The name of its file, without the ending."""
        return self.files[0].stem


@dataclass(frozen=True, slots=True)
class Task:
    """One pruning: `words` are those for `prune` beside the files; `key` is a hash of all that it depends on."""

    source: Source
    target: float
    method: str
    effort: str
    words: tuple[str, ...]
    key: str

    @property
    def name(self) -> str:
        """What it is called among those of its model, such as ``magnitude-macs-30``."""
        by = self.words[self.words.index("--by") + 1]
        parts = (self.method, self.effort, by, f"{100 * self.target:g}")
        return "-".join(part for part in parts if part)

    @property
    def shared(self) -> str:
        """The same for all runs that make the same inputs and measure the same of a model."""
        return f"{self.source.name} {self.method}"


def read_labels(path: Path | None) -> dict[str, Path]:
    """Labelled samples by the name of a model's file: ``{"cnn.onnx": "cnn_test.npz"}``, beside the JSON file itself.

    Raises:
        UsageError: if the file cannot be read, or is not of that form.
    """
    if path is None:
        return {}
    found = read_json(path)
    if not isinstance(found, dict) or not all(isinstance(value, str) for value in found.values()):
        raise UsageError(f'{path} is not of the form {{"model.onnx": "labelled.npz"}}')
    labelled = {name: path.parent / value for name, value in found.items()}
    if missing := [str(file) for file in labelled.values() if not file.is_file()]:
        raise UsageError(f"{path} names {missing[0]}, which is no file")
    return labelled


def source_of(path: Path, labelled: Path | None = None) -> Source:
    """A model by its file.

    Raises:
        ModelError: if it cannot be read.
    """
    files = load(path).files
    hashed = (*files, *([labelled] if labelled is not None else []))
    return Source(files, tuple(sha256(file) for file in hashed), labelled)


def with_table(source: Source, table: Path) -> Source:
    """The source with times of its layers, which its results depend on from then on."""
    return replace(source, hashes=(*source.hashes, sha256(table)), table=table)


def tasks_of(sources: Sequence[Source], grid: Grid) -> tuple[Task, ...]:
    """All runs of a grid, those of a model together.

    Raises:
        UsageError: if two models have one name, which their results would share.
    """
    names = [source.name for source in sources]
    if twice := [name for name in dict.fromkeys(names) if names.count(name) > 1]:
        raise UsageError(f"two models are called {twice[0]!r}, and so would be their results: rename one of them")
    read = hashes_of(grid.options)
    return tuple(task for source in sources for task in _tasks_of(source, grid, (*source.hashes, *read)))


def _tasks_of(source: Source, grid: Grid, hashes: Sequence[str]) -> Iterator[Task]:
    for method, target in product(grid.methods, grid.targets):
        efforts = (grid.efforts or ("",)) if method in LOOKING_AT_INPUTS else ("",)
        for effort in efforts:
            taught = ("--effort", effort) if effort else ()
            words = ("--target", repr(target), "--by", grid.by, "--method", method, *taught, *grid.options)
            yield Task(source, target, method, effort, with_absolute_paths(words), _key(hashes, words))


def _key(hashes: Sequence[str], words: Sequence[str]) -> str:
    made_with = {name: version_of(name) for name in _MADE_WITH}
    return hashlib.sha256(json.dumps([hashes, list(words), made_with]).encode()).hexdigest()[:_LETTERS]
