"""CACHE: what was measured of a model, in a folder that the user names, so that another target need not measure it.

Files in that folder are not trusted: what is damaged, of another key or not as it should be is as good as not there.
Nothing in them is ever run, and a wrong one could only lead to another choice of units, which is proven like any.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Protocol

import numpy as np

from paoding_onnx.calibration.arrays import read_arrays
from paoding_onnx.calibration.samples import Samples
from paoding_onnx.errors import OutputError, UsageError
from paoding_onnx.model.load import Model
from paoding_onnx.model.nodes import Array
from paoding_onnx.model.provenance import versions
from paoding_onnx.model.save import write_arrays
from paoding_onnx.model.stage import stage
from paoding_onnx.options import Options

FORMAT = "paoding_onnx cache 3"
"""Another number whenever something else is kept, or measured in another way."""
WITHOUT_EFFECT = frozenset(
    {"target", "by", "step", "round_to", "device", "memory", "eval", "effort", "recover", "on_interrupt"}
    | {
        "keep_accuracy",
        "keep_answers",
        "latency",
        "latency_table",
        "provenance",
        "fail_if",
        "verbose",
        "calibration",
        "cache",
        "vocabulary",
        "depth",
    }
)
"""Options that change nothing of what is kept; of data the content counts, of a vocabulary the model that it leaves."""
_HEADER = "header"


class Hash(Protocol):
    """What hashes bytes, one after the other."""

    def update(self, data: bytes | memoryview, /) -> None:
        """Take in more of them."""


@dataclass(frozen=True, slots=True)
class Entry:
    """What is kept under a key: arrays by name, and a description that JSON can hold."""

    arrays: Mapping[str, Array]
    description: Mapping[str, object]


def key_of(model: Model, options: Options, samples: Samples | None) -> str:
    """The key of what is measured of `model`: a hash of its content, of all options and versions that matter.

    `samples` are those of the user, if there are any.
    """
    found = hashlib.sha256(f"{FORMAT} {versions()}".encode())
    found.update(model.proto.SerializeToString(deterministic=True))
    _add_arrays(found, sorted(model.weights.items()))
    for field in fields(Options):
        if field.name not in WITHOUT_EFFECT:
            found.update(f"{field.name} {getattr(options, field.name)!r}".encode())
    for path in sorted(value for value in options.input_values.values() if isinstance(value, Path)):
        _add_arrays(found, sorted(read_arrays(path).items()))
    for feed in samples.batches if samples is not None else ():
        _add_arrays(found, feed.items())
    return found.hexdigest()


def check_folder(folder: Path | None) -> None:
    """Make the folder of a cache, if one is wanted and not there.

    Raises:
        UsageError: if a file has its name.
        OutputError: if it cannot be made.
    """
    if folder is None:
        return
    if folder.exists() and not folder.is_dir():
        raise UsageError(f"the cache {folder} is not a folder; name one with --cache, it is made if need be")
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"cannot make the folder {folder} for --cache: {error.strerror}") from error


def read_entry(folder: Path, key: str) -> Entry | None:
    """What is kept under a key; `None` if nothing is, or nothing that is whole."""
    path = _path(folder, key)
    if not path.is_file():
        return None
    try:
        arrays = read_arrays(path)
        header = json.loads(arrays.pop(_HEADER).tobytes())
        entry = Entry(arrays, header["description"])
        return entry if header["hash"] == _hash(key, entry) else None
    except (UsageError, KeyError, TypeError, ValueError, RecursionError):
        return None


def write_entry(folder: Path, key: str, entry: Entry) -> None:
    """Keep an entry, whole or not at all; a run goes on without where the folder does not take it."""
    header = {"hash": _hash(key, entry), "description": entry.description}
    content = np.frombuffer(json.dumps(header).encode(), np.uint8)
    path = _path(folder, key)
    with suppress(OutputError), stage() as held:
        write_arrays({**entry.arrays, _HEADER: content}, held.place(path))
        held.commit(path)


def _path(folder: Path, key: str) -> Path:
    return folder / f"{key}.npz"


def _hash(key: str, entry: Entry) -> str:
    found = hashlib.sha256(f"{key} {json.dumps(entry.description)}".encode())
    _add_arrays(found, sorted(entry.arrays.items()))
    return found.hexdigest()


def _add_arrays(to: Hash, arrays: Iterable[tuple[str, Array]]) -> None:
    for name, array in arrays:
        to.update(f"{name!r} {array.dtype.str} {array.shape}".encode())
        to.update(np.ascontiguousarray(array).reshape(-1).view(np.uint8).data)
