"""Lines as they look where they are no terminal."""

from __future__ import annotations

from rich.console import Console


def text(lines):
    """What the lines look like where they are no terminal."""
    console = Console(width=110, highlight=False)
    with console.capture() as capture:
        for line in lines:
            console.print(line, soft_wrap=isinstance(line, str))
    return capture.get()


def rows(lines):
    """The cells of every row, as text without spaces around."""
    return [line.split() for line in text(lines).splitlines()]
