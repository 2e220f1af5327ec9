"""READ a keep list: the ids, or the tokens, that a user wants to keep."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from paoding_onnx.calibration.arrays import read_arrays
from paoding_onnx.errors import UsageError
from paoding_onnx.model.input_files import why_unreadable
from paoding_onnx.model.json_file import read_json
from paoding_onnx.vocabulary.tokens import Tokens

_NUMBER = re.compile(r"\d{1,12}")
_NAMED = 3
"""So many of those that are wrong are named."""


def read_keep_list(path: Path, tokens: Tokens, size: int) -> tuple[int, ...]:
    """The ids in a file, ascending, with those of the special tokens; `size` is how many ids there are.

    A .json file holds a list, a .npy file an array, any other file one id or token in each line. They are ids where all
    of them are whole numbers, else tokens.

    Raises:
        UsageError: if the file cannot be read, holds nothing, or ids or tokens that there are not.
    """
    found = _entries(path)
    if not found:
        raise UsageError(f"{path} holds no id and no token to keep")
    ids = _as_ids(found)
    if ids is None:
        ids = _looked_up(path, [str(one) for one in found], tokens)
    if outside := sorted({one for one in ids if not 0 <= one < size}):
        raise UsageError(f"{path} keeps ids that are not from 0 to {size - 1}: {_some(outside)}")
    return tuple(sorted({*ids, *(one for one in tokens.special if 0 <= one < size)}))


def _entries(path: Path) -> list[object]:
    """What a file lists."""
    if path.suffix.lower() in (".npy", ".npz"):
        arrays = read_arrays(path)
        if len(arrays) != 1:
            raise UsageError(f"{path} holds {len(arrays)} arrays: a keep list is one")
        (array,) = arrays.values()
        if array.dtype.kind not in "iu":
            raise UsageError(f"{path} holds {array.dtype}: ids are whole numbers")
        return list(np.unique(array).tolist())
    if path.suffix.lower() == ".json":
        held = read_json(path)
        if not isinstance(held, list) or not all(isinstance(one, str) or type(one) is int for one in held):
            raise UsageError(f"{path} is no list of ids or tokens")
        return held
    if reason := why_unreadable(path):
        raise UsageError(f"cannot read {path}: {reason}")
    try:
        return [line for line in path.read_text("utf-8").split("\n") if line.rstrip("\r")]
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"cannot read {path}: {error}") from error


def _as_ids(found: Sequence[object]) -> list[int] | None:
    """The entries as ids; `None` if they are tokens."""
    plain = [str(one).strip() for one in found]
    return [int(one) for one in plain] if all(map(_is_number, plain)) else None


def _is_number(text: str) -> bool:
    return _NUMBER.fullmatch(text.removeprefix("-")) is not None


def _looked_up(path: Path, found: Sequence[str], tokens: Tokens) -> list[int]:
    """The ids of tokens."""
    if not tokens.numbers:
        raise UsageError(
            f"{path} holds tokens, and nothing tells their ids: put tokenizer.json or vocab.txt beside the model, or "
            "list ids"
        )
    plain = [one.rstrip("\r") for one in found]
    if strangers := [one for one in plain if one not in tokens.numbers]:
        raise UsageError(f"{path} keeps tokens that {tokens.source} has not: {_some(list(dict.fromkeys(strangers)))}")
    return [tokens.numbers[one] for one in plain]


def _some(found: Sequence[object]) -> str:
    """The first few, and how many more."""
    more = len(found) - _NAMED
    return ", ".join(repr(one) for one in found[:_NAMED]) + (f" and {more} more" if more > 0 else "")
