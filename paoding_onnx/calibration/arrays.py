"""Arrays in .npz and .npy files, and which input of a model each of them is for. Knows no model."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path
from zipfile import BadZipFile

import numpy as np

from paoding_onnx.errors import UsageError
from paoding_onnx.model.input_files import why_unreadable
from paoding_onnx.model.nodes import Array

INPUT, LABELS, SCALE, CLASSES = "x", "y", "scale", "classes"
"""Names in a file for what the main input reads, what a model should say, what divides the input, names of classes."""
_NO_INPUTS = frozenset({LABELS, "label", "labels", SCALE, CLASSES})


def read_arrays(path: Path) -> dict[str, Array]:
    """All arrays of a .npz file by name, or the one of a .npy file under the name x.

    Raises:
        UsageError: if the file cannot be read, or holds objects.
    """
    if reason := why_unreadable(path):
        raise UsageError(f"cannot read inputs from {path}: {reason}")
    try:
        with path.open("rb") as file:
            content = np.load(file, allow_pickle=False)
            return {INPUT: content} if isinstance(content, np.ndarray) else dict(content)
    except (OSError, ValueError, BadZipFile, EOFError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise UsageError(f"cannot read inputs from {path}: {reason}") from error


def arrays_of_inputs(path: Path, held: Mapping[str, Array], names: Collection[str], main: str) -> dict[str, Array]:
    """Those of the arrays in `path` that inputs `names` read, by input.

    If no array is called like an input, x is for the input `main`, or the only array that cannot be anything else.

    Raises:
        UsageError: if there is none.
    """
    if found := {name: held[name] for name in names if name in held}:
        return found
    others = [name for name in held if name not in _NO_INPUTS]
    if INPUT not in others and len(others) != 1:
        wanted = ", ".join(map(repr, sorted(names)))
        raise UsageError(f"{path} holds {', '.join(held) or 'nothing'}; it should hold {wanted}, or one array, or x")
    return {main: held[INPUT if INPUT in others else others[0]]}


def scale_of(path: Path, held: Mapping[str, Array], names: Collection[str]) -> float | None:
    """The number that divides the main input; `None` without one, or if that is what an input is called.

    >>> scale_of(Path("a.npz"), {"scale": np.array([255])}, ["x"])
    255.0

    Raises:
        UsageError: if it is not a number above zero.
    """
    if SCALE not in held or SCALE in names:
        return None
    scale = held[SCALE]
    if scale.size != 1 or scale.dtype.kind not in "iuf" or not scale.item() > 0:
        raise UsageError(f"{path} holds a {SCALE!r} that is not a number above zero")
    return float(scale.item())
