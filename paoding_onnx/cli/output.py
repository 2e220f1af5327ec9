"""What a command prints: lines or a document on stdout, a progress bar on stderr."""

from __future__ import annotations

import json
import sys
from argparse import Namespace
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

from rich.console import Console, RenderableType
from rich.progress import Progress

PLAIN_WIDTH = 110
"""Columns of tables that do not go to a terminal."""


def show(arguments: Namespace, document: Callable[[], object], lines: Iterable[RenderableType]) -> None:
    """Print the document if JSON was asked for, else the lines, unless silence was."""
    if arguments.json:
        print(json.dumps(document(), indent=1))
        return
    console = Console(file=sys.stdout, width=None if sys.stdout.isatty() else PLAIN_WIDTH, highlight=False, emoji=False)
    for line in lines if not arguments.quiet else ():
        console.print(line, soft_wrap=isinstance(line, str))


@contextmanager
def progress_bar(arguments: Namespace) -> Iterator[Callable[[str, float], None]]:
    """A progress bar on a terminal, silence elsewhere."""
    console = Console(file=sys.stderr)
    is_shown = console.is_terminal and not arguments.quiet and not arguments.json
    with Progress(console=console, transient=True, disable=not is_shown) as bar:
        task = bar.add_task("reading", total=1.0)
        yield lambda what, share: bar.update(task, description=what, completed=share)
