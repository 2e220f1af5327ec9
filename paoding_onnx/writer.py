"""Write a model whole or not at all: everything is staged beside its target, proven there, and then renamed."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx

from paoding_onnx.errors import OutputError
from paoding_onnx.graph import Array
from paoding_onnx.loader import Model
from paoding_onnx.loader import mark_external

INLINE_LIMIT = 1_900_000_000
"""Models with more bytes of weights than this keep them in a second file: protobuf ends at 2 GB."""


@dataclass(frozen=True, slots=True)
class Stage:
    """A folder beside the target in which files wait for their names; `folder` is gone once the stage closes."""

    folder: Path

    def place(self, target: Path) -> Path:
        """Where the file that is to become `target` waits."""
        return self.folder / target.name

    def commit(self, *targets: Path) -> None:
        """Give the waiting files their names, the last one last.

        Raises:
            OutputError: if the system does not let it.
        """
        try:
            for target in targets:
                os.replace(self.place(target), target)
        except OSError as error:
            raise OutputError(f"cannot write {error.filename2 or error.filename}: {error.strerror}") from error


@contextmanager
def stage(folder: Path) -> Iterator[Stage]:
    """A stage inside `folder`; whatever was not committed is deleted at the end, whatever happens.

    Raises:
        OutputError: if nothing can be written in `folder`.
    """
    try:
        path = Path(tempfile.mkdtemp(prefix=".paoding_onnx-", dir=folder))
    except OSError as error:
        raise OutputError(f"cannot write in {folder}: {error.strerror}") from error
    try:
        yield Stage(path)
    finally:
        with suppress(OSError):
            shutil.rmtree(path)


def write_model(model: Model, path: Path) -> tuple[Path, ...]:
    """Write `model` to `path`, flushed to the disk; returns the files written, the model itself last.

    Raises:
        OutputError: if the disk is full or the file cannot be written.
    """
    data = path.with_name(f"{path.name}.data")
    is_external = model.external or sum(array.nbytes for array in model.weights.values()) > INLINE_LIMIT
    try:
        proto = _beside(model, data) if is_external else _inline(model)
        _write(path, proto.SerializeToString())
    except OSError as error:
        raise OutputError(f"cannot write {path.name}: {error.strerror}; nothing was changed") from error
    return (data, path) if is_external else (path,)


def write_text(text: str, path: Path) -> None:
    """Write `text` to `path`, flushed to the disk.

    Raises:
        OutputError: if the disk is full or the file cannot be written.
    """
    try:
        _write(path, text.encode())
    except OSError as error:
        raise OutputError(f"cannot write {path.name}: {error.strerror}; nothing was changed") from error


def _write(path: Path, content: bytes) -> None:
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _inline(model: Model) -> onnx.ModelProto:
    proto = _copy(model)
    for tensor in proto.graph.initializer:
        if tensor.name in model.weights:
            tensor.ClearField("data_location")
            del tensor.external_data[:]
            tensor.raw_data = _bytes(model.weights[tensor.name])
    return proto


def _beside(model: Model, data: Path) -> onnx.ModelProto:
    """The model with its weights in the file `data`, each at an offset of its own."""
    proto = _copy(model)
    with data.open("wb") as file:
        for tensor in proto.graph.initializer:
            if tensor.name in model.weights:
                content = _bytes(model.weights[tensor.name])
                mark_external(tensor, data.name)
                tensor.external_data.add(key="offset", value=str(file.tell()))
                tensor.external_data.add(key="length", value=str(len(content)))
                file.write(content)
        file.flush()
        os.fsync(file.fileno())
    return proto


def _copy(model: Model) -> onnx.ModelProto:
    proto = onnx.ModelProto()
    proto.CopyFrom(model.proto)
    return proto


def _bytes(array: Array) -> bytes:
    return np.ascontiguousarray(array).tobytes()


def save(model: Model, path: Path | str, *, force: bool = False) -> None:
    """Write `model` to `path`, whole or not at all.

    Raises:
        OutputError: if the file exists and `force` is not given, or cannot be written.
    """
    path = Path(path)
    if path.exists() and not force:
        raise OutputError(f"{path} exists; give force=True to overwrite it")
    with stage(path.parent) as held:
        files = write_model(model, held.place(path))
        held.commit(*(path.with_name(file.name) for file in files))
