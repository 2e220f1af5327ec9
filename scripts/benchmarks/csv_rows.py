"""Rows of a frozen dataclass as a CSV file, and back."""

from __future__ import annotations

import csv
import types
from collections.abc import Sequence
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any, TypeVar, get_type_hints

T = TypeVar("T")


def write_csv(path: Path, rows: Sequence[Any], kind: type) -> None:
    """Write all rows, which are of the dataclass `kind`, replacing the file."""
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, [field.name for field in fields(kind)])
        writer.writeheader()
        writer.writerows(asdict(row) for row in rows)


def read_csv(path: Path, kind: type[T]) -> list[T]:
    """The rows of a file that `write_csv` wrote."""
    hints = get_type_hints(kind)
    with path.open(newline="") as file:
        lines = list(csv.DictReader(file))
    return [kind(**{name: _value(hints[name], text) for name, text in line.items()}) for line in lines]


def _value(hint: object, text: str) -> object:
    """A cell's value; an empty cell of a field that may be `None` is `None`."""
    if isinstance(hint, types.UnionType):
        hint = hint.__args__[0]
        if not text:
            return None
    return {"int": int, "float": float, "str": str, "bool": "True".__eq__}[hint.__name__](text)
