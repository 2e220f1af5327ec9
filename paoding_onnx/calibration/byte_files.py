"""Synthetic bytes of files: what well-known kinds of files begin with and are made of, with made-up names in them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from paoding_onnx.calibration.file_kinds import BINARIES, TEXTS

BYTES = 256
"""Different bytes; a token beyond them fills rows."""
_LETTERS = np.frombuffer(b"eeeeeetttttaaaaoooiiinnnssshhrrrddllluucmmfwgypbvk", np.uint8)


def files(size: int, rng: np.random.Generator, count: int, length: int) -> NDArray[np.int64]:
    """The first bytes of `count` files in rows of `length`; short ones are filled with token 256, if there is one."""
    fill = min(BYTES, size - 1)
    rows = np.full((count, length), fill, np.int64)
    for row in rows:
        stop = length if rng.random() < 0.7 else int(rng.integers(min(16, length), length + 1))
        made = _file(rng, int(rng.integers(len(TEXTS) + len(BINARIES))), stop)
        row[: len(made)] = np.frombuffer(made, np.uint8)
    return rows


def both_ends(size: int, rng: np.random.Generator, count: int, length: int) -> NDArray[np.int64]:
    """The first bytes of `count` files in the first half of rows of `length`, the last ones in the second half.

    Between those of short files stands token 256, if there is one; blanks at the ends are left out.
    """
    half = max(length // 2, 1)
    rows = np.full((count, length), min(BYTES, size - 1), np.int64)
    for row in rows:
        whole = (
            int(rng.integers(16, max(2 * half, 17))) if rng.random() < 0.3 else int(rng.integers(half, 4 * length + 1))
        )
        made = _file(rng, int(rng.integers(len(TEXTS) + len(BINARIES))), whole)
        first, last = made.lstrip()[:half], made.rstrip()[-half:][: length - half]
        row[: len(first)] = np.frombuffer(first, np.uint8)
        row[length - len(last) :] = np.frombuffer(last, np.uint8)
    return rows


def _file(rng: np.random.Generator, kind: int, length: int) -> bytes:
    """The first bytes of a file of one kind, texts before others."""
    if kind < len(TEXTS):
        return _text(rng, *TEXTS[kind], length)
    return _binary(rng, *BINARIES[kind - len(TEXTS)], length)


def _text(rng: np.random.Generator, head: bytes, pieces: tuple[bytes, ...], length: int) -> bytes:
    """A text that begins with `head` and goes on with `pieces`, words for `@` and numbers for zero bytes."""
    words = [bytes(rng.choice(_LETTERS, int(rng.integers(2, 10)))) for _ in range(24)]
    found = bytearray()
    _fill(rng, found, head, words)
    while len(found) < length:
        _fill(rng, found, pieces[int(rng.integers(len(pieces)))], words)
    return bytes(found[:length])


def _fill(rng: np.random.Generator, found: bytearray, piece: bytes, words: list[bytes]) -> None:
    """Add a piece with words and numbers in it."""
    for byte in piece:
        if byte == ord("@"):
            found += words[int(rng.integers(len(words)))]
        elif byte == 0:
            found += b"%d" % int(rng.integers(1000))
        else:
            found.append(byte)


def _binary(rng: np.random.Generator, head: bytes, body: str, length: int) -> bytes:
    """Bytes that begin with `head` and go on as compressed data do, records of small numbers and names, or pictures."""
    dense = rng.integers(0, BYTES, length, np.uint8)
    if body == "smooth":
        dense = np.cumsum(rng.integers(-3, 4, length)).astype(np.uint8)
    if body == "records":
        is_zero = np.repeat(rng.random(-(-length // 8)) < 0.5, 8)[:length] | (rng.random(length) < 0.3)
        small = np.where(rng.random(length) < 0.5, rng.integers(0, 16, length, np.uint8), dense)
        dense = np.where(is_zero, 0, small).astype(np.uint8)
        name = rng.choice(_LETTERS, length)
        is_name = np.repeat(rng.random(-(-length // 16)) < 0.2, 16)[:length]
        dense = np.where(is_name, name, dense).astype(np.uint8)
    return (head + dense.tobytes())[:length]
