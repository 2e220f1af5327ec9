"""TOKENS: which number each word of a vocabulary has, as a file of the tokenizer or the model itself says."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from paoding_onnx.errors import UsageError
from paoding_onnx.model.json_file import read_json
from paoding_onnx.model.load import Model

IN_FILE = ("vocabulary", "vocab", "tokens")
"""Entries of a model's metadata that may hold its tokens, as JSON or one in each line."""
TOKENIZER, LISTS = "tokenizer.json", ("vocab.json", "vocab.txt")
"""Files beside a model, or in the folder above it, that hold its tokens."""


@dataclass(frozen=True, slots=True)
class Tokens:
    """Numbers by token, where they were found, and those of tokens that text is not made of, such as the padding."""

    numbers: Mapping[str, int] = field(default_factory=dict)
    source: str = ""
    special: frozenset[int] = frozenset()


UNKNOWN = Tokens()


def tokens_of(model: Model) -> Tokens:
    """The tokens of a model: those in its metadata, else in a file of its tokenizer; none where neither says.

    Raises:
        UsageError: if such a file is damaged.
    """
    said = model.metadata
    for entry in (entry for entry in IN_FILE if entry in said):
        if numbers := _numbers(_parsed(said[entry])):
            return Tokens(numbers, f"the entry {entry!r} of the metadata")
    for folder in _folders(model):
        if (path := folder / TOKENIZER).is_file():
            return _of_tokenizer(path)
        for path in (folder / name for name in LISTS):
            if path.is_file():
                text = read_json(path) if path.suffix == ".json" else path.read_text("utf-8", "replace").splitlines()
                return Tokens(_numbers(text), path.name)
    return UNKNOWN


def _folders(model: Model) -> Iterator[Path]:
    """The folder that a model lies in, and the one above, where exporters leave the files of the tokenizer."""
    for file in model.files[:1]:
        own = file.resolve().parent
        yield from (own, own.parent)


def _parsed(text: str) -> object:
    try:
        found: object = json.loads(text)
    except (ValueError, RecursionError):
        return text.splitlines()
    return found


def _numbers(found: object) -> dict[str, int]:
    """Numbers by token, of a mapping, or of a list in which each token is at its number (a score may follow it)."""
    if isinstance(found, Mapping):
        return {str(token): number for token, number in found.items() if type(number) is int}
    listed = found if isinstance(found, list) else []
    plain = [one[0] if isinstance(one, list) and one else one for one in listed]
    return {token: number for number, token in enumerate(plain) if isinstance(token, str)}


def _of_tokenizer(path: Path) -> Tokens:
    """The tokens in a tokenizer.json, as the library `tokenizers` writes it."""
    held = read_json(path)
    model = held.get("model") if isinstance(held, Mapping) else None
    numbers = _numbers(model.get("vocab")) if isinstance(model, Mapping) else {}
    if not isinstance(held, Mapping) or not numbers:
        raise UsageError(f"{path} holds no tokens at model, vocab")
    added = [one for one in held.get("added_tokens") or () if isinstance(one, Mapping) and type(one.get("id")) is int]
    numbers |= {str(one.get("content")): one["id"] for one in added}
    return Tokens(numbers, path.name, frozenset(one["id"] for one in added if one.get("special") is True))


def cut_tokens(text: str, new_ids: NDArray[np.int64]) -> str:
    """An entry of the metadata with the tokens that are kept, in the form that it has; as it is if it lists no tokens.

    >>> cut_tokens('["a", "b", "c"]', np.array([0, -1, 1]))
    '["a", "c"]'
    """
    held = _parsed(text)
    left = {token: int(new_ids[k]) for token, k in _numbers(held).items() if 0 <= k < new_ids.size and new_ids[k] >= 0}
    if len(_numbers(held)) < new_ids.size:
        return text
    if isinstance(held, Mapping):
        return json.dumps(left)
    plain = sorted(left, key=lambda token: left[token])
    return json.dumps(plain) if text.lstrip().startswith("[") else "\n".join(plain)
