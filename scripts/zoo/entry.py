"""What the zoo is made of: entries that know how to write one ONNX file. Knows no framework."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

SEED = 20240229
"""Seed of all random weights."""
BIG_BYTES = 400_000_000
"""Models with more bytes of weights are left out unless asked for."""
VERSIONS = "versions.json"
"""File beside the models that says which versions of the frameworks made them."""


class TooBigError(Exception):
    """A model is left out because of its size."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One file of the zoo: `write(path, big)` builds the model and exports it; `big` lets it be of any size.

    `name` is that of the file without `.onnx`: library, model, exporter.
    """

    name: str
    write: Callable[[Path, bool], str]


def require_size(n_bytes: int, *, big: bool) -> None:
    """Refuse models above `BIG_BYTES` unless `big`.

    Raises:
        TooBigError: with the size in its message.
    """
    if n_bytes > BIG_BYTES and not big:
        raise TooBigError(f"left out: {n_bytes / 1e6:.0f} MB of weights, more than {BIG_BYTES / 1e6:.0f}; give --big")
