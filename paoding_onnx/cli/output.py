"""What a command prints: lines or a document on stdout, a progress bar on stderr."""

from __future__ import annotations

import logging
import sys
import time
from argparse import Namespace
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, nullcontext

from rich.console import Console, RenderableType
from rich.progress import Progress

from paoding_onnx.cli.stopping import ignore_signals
from paoding_onnx.cli.streams import complain, silence
from paoding_onnx.context import LOG, WRITING
from paoding_onnx.model.machine import machine_document
from paoding_onnx.report.files import json_text
from paoding_onnx.report.printable import printable
from paoding_onnx.report.words import cell

PLAIN_WIDTH = 110
"""Columns of tables that do not go to a terminal."""


def show(arguments: Namespace, document: Callable[[], object], lines: Iterable[RenderableType]) -> None:
    """Print the document if JSON was asked for, else the lines, unless silence was."""
    text = json_text(document()) if arguments.json else ""
    try:
        _print(arguments, text, lines)
    except BrokenPipeError:  # whoever read has seen enough; the work is done
        silence()


def circumstances(arguments: Namespace, document: Mapping[str, object]) -> dict[str, object]:
    """The document of a command, with the machine it ran on, how long it took and the seed if it has one."""
    seed = {"seed": arguments.seed} if hasattr(arguments, "seed") else {}
    seconds = round(time.perf_counter() - arguments.started, 3)
    return {**document, "machine": machine_document(), "seconds": seconds, **seed}


@contextmanager
def _stages() -> Iterator[None]:
    """A line on stderr for each stage, with the seconds since the first one."""
    handler, level = _Lines(), LOG.level
    LOG.addHandler(handler)
    LOG.setLevel(logging.INFO)
    try:
        yield
    finally:
        LOG.removeHandler(handler)
        LOG.setLevel(level)


class _Lines(logging.Handler):
    """A handler whose lines go to wherever standard error leads now."""

    def __init__(self) -> None:
        super().__init__()
        self._start = time.monotonic()

    def emit(self, record: logging.LogRecord) -> None:
        """Print one stage."""
        complain(f"paoding_onnx: {time.monotonic() - self._start:6.1f} s  {printable(record.getMessage())}")


class _Console(Console):
    """A console that leaves it to us what is to be done when nobody reads any more; rich would end with status 1."""

    def on_broken_pipe(self) -> None:
        """Say so."""
        raise BrokenPipeError


def _print(arguments: Namespace, text: str, lines: Iterable[RenderableType]) -> None:
    if sys.stdout is None:  # it was closed
        return
    if arguments.json:
        print(text, end="", flush=True)
        return
    console = _Console(
        file=sys.stdout, width=None if sys.stdout.isatty() else PLAIN_WIDTH, highlight=False, emoji=False
    )
    for line in lines if not arguments.quiet else ():
        console.print(line, soft_wrap=isinstance(line, str))
    sys.stdout.flush()


@contextmanager
def progress_bar(arguments: Namespace) -> Iterator[Callable[[str, float], None]]:
    """A progress bar on a terminal; elsewhere a line on stderr for each stage."""
    console = Console(file=sys.stderr)
    is_shown = console.is_terminal and not arguments.quiet and not arguments.json
    is_told = not console.is_terminal and not arguments.quiet
    with (
        _stages() if is_told else nullcontext(),
        Progress(console=console, transient=True, disable=not is_shown) as bar,
    ):
        task = bar.add_task("reading", total=1.0)

        def tell(what: str, share: float) -> None:
            if what == WRITING:
                ignore_signals()
            bar.update(task, description=cell(what), completed=share)

        yield tell
