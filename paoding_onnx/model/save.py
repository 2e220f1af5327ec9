"""Write a model whole or not at all: everything is staged beside its target, proven there, and then renamed."""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from io import BytesIO
from pathlib import Path
from zipfile import ZipFile

import numpy as np
import onnx

from paoding_onnx.errors import OutputError, UsageError
from paoding_onnx.model.external import mark_external
from paoding_onnx.model.load import Model
from paoding_onnx.model.nodes import Array

INLINE_LIMIT = 1_900_000_000
"""Models with more bytes of weights than this keep them in a second file: protobuf ends at 2 GB."""


class Stage:
    """Folders, one beside each target, in which files wait for their names; they are gone once the stage closes."""

    def __init__(self) -> None:
        self._folders: dict[Path, Path] = {}

    def place(self, target: Path) -> Path:
        """Where the file that is to become `target` waits: in a folder on the same file system, under its own name.

        Raises:
            OutputError: if nothing can be written beside the target.
        """
        parent = target.parent.resolve()
        if parent not in self._folders:
            try:
                self._folders[parent] = Path(tempfile.mkdtemp(prefix=".paoding_onnx-", dir=parent))
            except OSError as error:
                raise OutputError(f"cannot write in {target.parent}: {error.strerror}") from error
        return self._folders[parent] / target.name

    def commit(self, *targets: Path) -> None:
        """Give the waiting files their names; if one of them cannot have it, all is as before.

        Raises:
            OutputError: if the system does not let it.
        """
        done: list[Path] = []
        try:
            for target in targets:
                if target.exists():
                    os.replace(target, self._old(target))
                done.append(target)
                os.replace(self.place(target), target)
        except OSError as error:
            self._undo(done)
            message = f"cannot write {targets[len(done) - 1]}: {error.strerror}; nothing was changed"
            raise OutputError(message) from error

    def close(self) -> None:
        """Delete whatever was not committed."""
        for folder in self._folders.values():
            with suppress(OSError):
                shutil.rmtree(folder)

    def _old(self, target: Path) -> Path:
        """Where the file that had the name until now is kept."""
        return self.place(target).with_name(f"{target.name}.old")

    def _undo(self, targets: list[Path]) -> None:
        for target in reversed(targets):
            with suppress(OSError):
                if self._old(target).exists():
                    os.replace(self._old(target), target)
                elif not self.place(target).exists():
                    target.unlink()


@contextmanager
def stage() -> Iterator[Stage]:
    """A stage; whatever was not committed is deleted at the end, whatever happens."""
    held = Stage()
    try:
        yield held
    finally:
        held.close()


def check_targets(targets: Sequence[Path], inputs: Sequence[Path], *, force: bool) -> None:
    """Refuse targets that cannot or must not be written, before any work is done.

    Raises:
        UsageError: if a target is one of the `inputs`, or is named twice.
        OutputError: if it exists and `force` is not given, or its folder cannot be written.
    """
    for index, path in enumerate(targets):
        try:
            _check_target(path, targets[:index], inputs, force=force)
        except OSError as error:
            raise OutputError(f"cannot write {path.name[:60]}: {error.strerror}") from error


def data_path(path: Path) -> Path:
    """Where the weights of a model at `path` go if they do not fit into it."""
    return path.with_name(f"{path.name}.data")


def needs_data_file(model: Model) -> bool:
    """Whether the weights go into a second file: as they came, or because protobuf ends at 2 GB."""
    return model.external or sum(array.nbytes for array in model.weights.values()) > INLINE_LIMIT


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
    >>> with tempfile.TemporaryDirectory() as folder:
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


def _check_target(path: Path, others: Sequence[Path], inputs: Sequence[Path], *, force: bool) -> None:
    if path.resolve() in {other.resolve() for other in others}:
        raise UsageError(f"{path} is named for two outputs; give each a file of its own")
    if path.exists() and any(os.path.samefile(path, file) for file in inputs if file.exists()):
        what = "the model itself" if os.path.samefile(path, inputs[0]) else "where the model keeps its weights"
        raise UsageError(f"{path} is {what}; an input is never overwritten, choose another output")
    if path.is_dir() or not path.parent.is_dir():
        raise OutputError(f"cannot write {path}: " + ("it is a folder" if path.is_dir() else "no such folder"))
    if not os.access(path.parent, os.W_OK):
        raise OutputError(f"cannot write {path}: no permission to write in its folder")
    if path.exists() and not force:
        raise OutputError(f"{path} exists; give --force to overwrite it (force=True)")
