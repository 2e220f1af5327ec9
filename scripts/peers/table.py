"""The rows of a comparison as a CSV file."""

from __future__ import annotations

import csv
import types
from collections.abc import Sequence
from dataclasses import asdict
from dataclasses import fields
from pathlib import Path
from typing import get_type_hints

from peers.measure import Row


def write_csv(path: Path, rows: Sequence[Row]) -> None:
    """Write all rows, replacing the file."""
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, [field.name for field in fields(Row)])
        writer.writeheader()
        writer.writerows(asdict(row) for row in rows)


def read_csv(path: Path) -> list[Row]:
    """The rows of a file that `write_csv` wrote."""
    hints = get_type_hints(Row)
    with path.open(newline="") as file:
        lines = list(csv.DictReader(file))
    return [Row(**{name: _value(hints[name], text) for name, text in line.items()}) for line in lines]


def _value(hint: object, text: str) -> object:
    """A cell's value; an empty cell of a field that may be `None` is `None`."""
    if isinstance(hint, types.UnionType):
        hint = hint.__args__[0]
        if not text:
            return None
    return {"int": int, "float": float, "str": str, "bool": "True".__eq__}[hint.__name__](text)
