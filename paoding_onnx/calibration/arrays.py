"""Arrays in .npz and .npy files, and which input of a model each of them is for. Knows no model."""

from __future__ import annotations

import math
import zlib
from collections.abc import Collection, Mapping
from lzma import LZMAError
from pathlib import Path
from tokenize import TokenError
from typing import IO
from zipfile import BadZipFile, ZipFile, is_zipfile

import numpy as np

from paoding_onnx.errors import UsageError
from paoding_onnx.model.input_files import why_unreadable
from paoding_onnx.model.nodes import Array

INPUT, LABELS, SCALE, CLASSES = "x", "y", "scale", "classes"
"""Names in a file for what the main input reads, what a model should say, what divides the input, names of classes."""
MOST_UNPACKED, MOST_PACKED_BY = 1 << 31, 100
"""An archive that unpacks to more bytes than this, and to more than so many times its own, is a bomb."""
_NPY, _OF_ARRAY = b"\x93NUMPY", ".npy"
_MALFORMED = (
    *(OSError, EOFError, ValueError, TypeError, KeyError, SyntaxError, OverflowError, MemoryError),
    *(NotImplementedError, RuntimeError, BadZipFile, TokenError, zlib.error, LZMAError),
)
"""What numpy and the archives that it opens are known to raise for a file that they cannot read."""
_NO_INPUTS = frozenset({LABELS, "label", "labels", SCALE, CLASSES})


def read_arrays(path: Path) -> dict[str, Array]:
    """All arrays of a .npz file by name, or the one of a .npy file under the name x.

    Raises:
        UsageError: if the file cannot be read, holds objects, less than it says, or an archive of next to nothing.
    """
    try:
        if reason := why_unreadable(path) or _why_too_much(path):
            raise UsageError(f"cannot read inputs from {path}: {reason}")
        with path.open("rb") as file:
            content = np.load(file, allow_pickle=False)
            return {INPUT: content} if isinstance(content, np.ndarray) else dict(content)
    except _MALFORMED as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise UsageError(f"cannot read inputs from {path}: {reason}") from error


def shapes_in(path: Path) -> dict[str, tuple[int, ...]]:
    """The shapes that the headers of the arrays in a file tell, by name; nothing of one that cannot be read at all."""
    try:
        with path.open("rb") as file:
            if file.read(len(_NPY)) == _NPY:
                return {INPUT: _header(file)[0]}
        found = {}
        with ZipFile(path) as archive:
            for name in archive.namelist():
                with archive.open(name) as member:
                    if member.read(len(_NPY)) == _NPY:
                        found[name.removesuffix(_OF_ARRAY)] = _header(member)[0]
        return found
    except _MALFORMED:
        return {}


def _header(file: IO[bytes]) -> tuple[tuple[int, ...], np.dtype[np.generic]]:
    """Shape and type of an array in a file of which the first letters are read."""
    file.seek(0)
    version = np.lib.format.read_magic(file)
    read_header = np.lib.format.read_array_header_1_0 if version == (1, 0) else _read_header_2_0
    shape, _, dtype = read_header(file)
    return shape, dtype


def _why_too_much(path: Path) -> str:
    """Why a file cannot hold what it says, in words: memory is taken for that before it is read."""
    n_bytes = path.stat().st_size
    with path.open("rb") as file:
        if file.read(len(_NPY)) == _NPY:
            shape, dtype = _header(file)
            said, held = math.prod(shape) * dtype.itemsize, n_bytes - file.tell()
            return f"it says that it holds {shape}, {said:,} bytes, but has {held:,}" if said > held else ""
    if not is_zipfile(path):
        return ""
    with ZipFile(path) as archive:
        unpacked = sum(member.file_size for member in archive.infolist())
    is_bomb = unpacked > MOST_UNPACKED and unpacked > MOST_PACKED_BY * n_bytes
    return f"its {n_bytes:,} bytes unpack to {unpacked:,}; save it again without compression" if is_bomb else ""


def _read_header_2_0(file: IO[bytes]) -> tuple[tuple[int, ...], bool, np.dtype[np.generic]]:
    shape, is_fortran, dtype = np.lib.format.read_array_header_2_0(file)
    return shape, is_fortran, dtype


def arrays_of_inputs(path: Path, held: Mapping[str, Array], names: Collection[str], main: str) -> dict[str, Array]:
    """Those of the arrays in `path` that inputs `names` read, by input.

    If no array is called like an input, x is for the input `main`, or the only array that cannot be anything else.

    Raises:
        UsageError: if there is none.
    """
    if found := {name: held[name] for name in names if name in held}:
        return found
    name = of_main_input(held)
    if name is None:
        wanted = ", ".join(map(repr, sorted(names)))
        raise UsageError(f"{path} holds {', '.join(held) or 'nothing'}; it should hold {wanted}, or one array, or x")
    return {main: held[name]}


def of_main_input(names: Collection[str]) -> str | None:
    """Which of the arrays called so is for the main input where none is called like an input; `None` if none can be.

    >>> of_main_input(["images", "labels"]), of_main_input(["a", "b"])
    ('images', None)
    """
    others = [name for name in names if name not in _NO_INPUTS]
    return INPUT if INPUT in others else others[0] if len(others) == 1 else None


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
