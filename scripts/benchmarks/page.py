"""Markdown: tables, and the part of a page that a program writes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

MARKERS = ("<!-- measured: begin -->", "<!-- measured: end -->")
"""Comments between which a page holds what was measured."""


def table(heads: Sequence[str], rows: Iterable[Sequence[object]], *, align: str = "lr") -> str:
    """A table; a letter of `align` says on which side a column stands, the last one goes for all further columns.

    >>> print(table(["model", "size"], [["a", 1]]))
    | model | size |
    |---|--:|
    | a | 1 |
    """
    sides = ("---" if letter == "l" else "--:" for letter in align.ljust(len(heads), align[-1]))
    return "\n".join([line(heads), f"|{'|'.join(sides)}|", *map(line, rows)])


def line(cells: Iterable[object]) -> str:
    """A row of a table."""
    return f"| {' | '.join(map(str, cells))} |"


def put_between(page: Path, text: str, markers: tuple[str, str] = MARKERS) -> None:
    """Replace what stands between two markers of `page`.

    Raises:
        ValueError: if it does not have both, in order.
    """
    head, begin, rest = page.read_text().partition(markers[0])
    _, end, tail = rest.partition(markers[1])
    if not begin or not end:
        raise ValueError(f"{page} has no {markers[0]} with {markers[1]} behind it")
    page.write_text(f"{head}{begin}\n\n{text}\n\n{end}{tail}")
