"""WRITE a model whole or not at all: files are staged beside their targets, proven there, and then renamed."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from io import BytesIO
from pathlib import Path
from zipfile import ZipFile

import numpy as np
import onnx

from paoding_onnx.errors import OutputError
from paoding_onnx.model.external import mark_external
from paoding_onnx.model.load import Model
from paoding_onnx.model.nodes import Array
from paoding_onnx.model.stage import stage
from paoding_onnx.model.targets import check_targets, data_path

INLINE_LIMIT = 1_900_000_000
"""Models with more bytes of weights than this keep them in a second file: protobuf ends at 2 GB."""


def needs_data_file(model: Model) -> bool:
    """Whether the weights go into a second file: as they came, or because protobuf ends at 2 GB."""
    n_bytes = sum(array.nbytes for array in model.weights.values())
    return n_bytes > INLINE_LIMIT or (model.external and n_bytes > 0)


def sha256(path: Path) -> str:
    """Hash of a file's content, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def write_model(model: Model, path: Path) -> tuple[Path, ...]:
    """Write `model` to `path`, flushed to the disk; returns the files written, the model itself last.

    Raises:
        OutputError: if the disk is full or the file cannot be written.
    """
    data, is_external = data_path(path), needs_data_file(model)
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
    _write_or_fail(path, text.encode())


def write_arrays(arrays: Mapping[str, Array], path: Path) -> None:
    """Write `arrays` to the .npz file `path`, flushed to the disk.

    Raises:
        OutputError: if the disk is full or the file cannot be written.
    """
    content = BytesIO()
    with ZipFile(content, "w") as archive:  # as numpy.savez writes them, but for names that are words to it
        for name, array in arrays.items():
            with archive.open(f"{name}.npy", "w", force_zip64=True) as member:
                np.lib.format.write_array(member, np.asanyarray(array), allow_pickle=False)
    _write_or_fail(path, content.getvalue())


def _write_or_fail(path: Path, content: bytes) -> None:
    try:
        _write(path, content)
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


def save_model(model: Model, path: Path | str, *, force: bool = False) -> None:
    """Write `model` to `path`, whole or not at all.

    >>> from paoding_onnx.model.load import load
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     save_model(load("models/fraud_mlp.onnx"), f"{folder}/copy.onnx")
    ...     load(f"{folder}/copy.onnx").n_bytes
    26261

    Raises:
        UsageError: if the model was read from there.
        OutputError: if the file exists and `force` is not given, or cannot be written.
    """
    path = Path(path)
    check_targets([path, data_path(path)] if needs_data_file(model) else [path], model.files, force=force)
    with stage() as held:
        files = write_model(model, held.place(path))
        held.commit(*(path.with_name(file.name) for file in files))
