"""TARGETS: files that are to be written, and what they may be. Writes none of them."""

from __future__ import annotations

import os
import stat
from collections.abc import Sequence
from pathlib import Path

from paoding_onnx.errors import OutputError, UsageError
from paoding_onnx.model.input_files import kind, why_unnamable
from paoding_onnx.model.stage import clean_up


def data_path(path: Path) -> Path:
    """Where the weights of a model at `path` go if they do not fit into it."""
    return path.with_name(f"{path.name}.data")


def check_targets(targets: Sequence[Path], inputs: Sequence[Path], *, force: bool, others: Sequence[Path] = ()) -> None:
    """Refuse targets that cannot or must not be written, before any work is done.

    What earlier runs that were killed left beside the targets is removed. `inputs` are the files of the model, the
    model itself first, `others` what else is read: files or folders.

    Raises:
        UsageError: if a target is one of the inputs, or is named twice.
        OutputError: if it exists and `force` is not given, is no regular file, or its folder cannot be written.
    """
    clean_up(*(path.parent for path in targets))
    for index, path in enumerate(targets):
        try:
            if fault := why_unnamable(path):
                raise OutputError(f"cannot write {path}: {fault}")
            _require_free(path, targets[:index], [file for file in inputs if file.exists()], others)
            _require_writable(path, force=force)
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or error
            raise OutputError(f"cannot write {path.name[:60]}: {reason}") from error


def _require_free(path: Path, before: Sequence[Path], inputs: Sequence[Path], others: Sequence[Path]) -> None:
    if path.resolve() in {other.resolve() for other in before}:
        raise UsageError(f"{path} is named for two outputs; give each a file of its own")
    if not path.exists():
        return
    what = ""
    if any(os.path.samefile(path, file) for file in inputs):
        what = "the model itself" if os.path.samefile(path, inputs[0]) else "where the model keeps its weights"
    elif inside := next((other for other in others if _is_in(path, other)), None):
        what = "read too" if inside.is_file() else f"read too, with all that is in {inside}"
    if what:
        raise UsageError(f"{path} is {what}; an input is never overwritten, choose another output")


def _is_in(path: Path, other: Path) -> bool:
    """Whether `path` is `other`, or a file in that folder."""
    return other.exists() and (os.path.samefile(path, other) or other.resolve() in path.resolve().parents)


def _require_writable(path: Path, *, force: bool) -> None:
    if os.path.lexists(path):
        mode = path.stat().st_mode if path.exists() else None
        if mode is None or not stat.S_ISREG(mode):
            is_what = "a link that leads nowhere" if mode is None else kind(mode)
            raise OutputError(f"cannot write {path}: it is {is_what}")
    if not path.parent.is_dir():
        raise OutputError(f"cannot write {path}: no such folder")
    if not os.access(path.parent, os.W_OK):
        raise OutputError(f"cannot write {path}: no permission to write in its folder")
    if path.exists() and not force:
        raise OutputError(f"{path} exists; give --force to overwrite it (force=True)")
