"""Rows of a frozen dataclass in a CSV file, written after every row, so that a run may be stopped at any time."""

from __future__ import annotations

import csv
import types
from collections.abc import Callable, Sequence
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any, Generic, TypeVar, get_type_hints

T = TypeVar("T")


class Ledger(Generic[T]):
    """Rows by `key`, in `order`: those of the file, if there is one, and those that are added, which replace them."""

    def __init__(
        self, path: Path | None, kind: type[T], key: Callable[[T], object], order: Callable[[T], Any] = lambda _: 0
    ) -> None:
        self._path, self._kind, self._key, self._order = path, kind, key, order
        known = read_csv(path, kind) if path is not None and path.exists() else []
        self._rows = {key(row): row for row in known}

    def __contains__(self, key: object) -> bool:
        return key in self._rows

    @property
    def rows(self) -> list[T]:
        """All rows."""
        return sorted(self._rows.values(), key=self._order)

    def add(self, row: T) -> None:
        """Keep a row, in the file too."""
        self._rows[self._key(row)] = row
        if self._path is not None:
            write_csv(self._path, self.rows, self._kind)


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
