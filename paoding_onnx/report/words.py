"""Words and cells that all tables share. Knows no result."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TypeVar

from rich import box
from rich.markup import escape
from rich.table import Table

from paoding_onnx.report.printable import printable

_T = TypeVar("_T")
_THREE_FIGURES = 99.95
MAX_ROWS = 40
"""Longer lists end in a line that says how many more there are."""


def cell(text: str) -> str:
    r"""A name as it may stand in a line or a table.

    >>> print(cell("[red]\n"))
    \[red]\n
    """
    return escape(printable(text))


def table(*columns: str, left: Sequence[str] = ()) -> Table:
    """An empty table; the first column and those named in `left` hold words, the others numbers."""
    made = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for position, column in enumerate(columns):
        is_word = position == 0 or column in left
        made.add_column(column, justify="left" if is_word else "right", overflow="fold")
    return made


def some(items: Sequence[_T], *, verbose: bool) -> Sequence[_T]:
    """As many of the items as are shown."""
    return items if verbose else items[:MAX_ROWS]


def rest(count: int, what: str, *, verbose: bool) -> Iterator[str]:
    """A line that says how many more there are, if some are left out."""
    if count > MAX_ROWS and not verbose:
        yield f"and {count - MAX_ROWS} more {what}; --verbose lists them all"


def milliseconds(time: float) -> str:
    """A time in three figures or in whole milliseconds.

    >>> milliseconds(0.1234), milliseconds(1061.7)
    ('0.123', '1,062')
    """
    return f"{time:.3g}" if time < _THREE_FIGURES else f"{time:,.0f}"


def plural(count: int, what: str) -> str:
    """A number of things.

    >>> plural(1, "layer"), plural(1200, "layer")
    ('1 layer', '1,200 layers')
    """
    return f"{count:,} {what}{'' if count == 1 else 's'}"


def share(before: float, after: float) -> float:
    """Share of `before` that is gone; 0 where there was nothing.

    >>> share(200, 50)
    0.75
    """
    return (before - after) / before if before else 0.0
