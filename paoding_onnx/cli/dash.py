"""``-`` in place of a file: a model comes from standard input, the result goes to standard output."""

from __future__ import annotations

import sys
from argparse import Namespace
from collections.abc import Callable
from contextlib import redirect_stdout
from pathlib import Path

from paoding_onnx.cli.streams import silence
from paoding_onnx.errors import ModelError, UsageError
from paoding_onnx.model.scratch import scratch_folder

DASH = Path("-")
_MODELS = ("model", "original", "pruned", "against")
_DOCUMENTS = ("plan", "report", "plot")
MOST_BYTES = 1 << 31
"""A model has no more: what goes on beyond is none, and might go on for ever."""
_CHUNK = 1 << 20


def with_dashes(work: Callable[[Namespace], int]) -> Callable[[Namespace], int]:
    """`work` with files in place of dashes: what comes in is put into one, what was written into one goes out.

    What the command says goes to standard error where standard output is for the result.
    """

    def run(arguments: Namespace) -> int:
        names = [name for name in (*_MODELS, *_DOCUMENTS, "output") if getattr(arguments, name, None) == DASH]
        if not names:
            return work(arguments)
        _check(names)
        with scratch_folder() as folder:
            for name in names:
                setattr(arguments, name, folder / _name_of(name, arguments))
            for name in set(names) & set(_MODELS):
                _take_in(getattr(arguments, name))
            if "output" not in names:
                return work(arguments)
            with redirect_stdout(sys.stderr):
                status = work(arguments)
            _give_out(arguments.output)
        return status

    return run


def _check(names: list[str]) -> None:
    if wrong := set(names) & set(_DOCUMENTS):
        raise UsageError(f"--{min(wrong)} is written to a file; only the result itself goes to standard output (-o -)")
    if len(set(names) & set(_MODELS)) > 1:
        raise UsageError("only one model can come from standard input (-)")


def _name_of(name: str, arguments: Namespace) -> str:
    suffix = ".npz" if arguments.command == "synthesize" and name == "output" else ".onnx"
    return f"stdout{suffix}" if name == "output" else f"stdin{suffix}"


def _take_in(path: Path) -> None:
    if sys.stdin is None or sys.stdin.isatty():
        raise ModelError("no model comes from standard input (-)")
    n_bytes = 0
    with path.open("wb") as file:
        while chunk := sys.stdin.buffer.read(_CHUNK):
            n_bytes += file.write(chunk)
            if n_bytes > MOST_BYTES:
                raise ModelError("what comes from standard input (-) is longer than the 2 GB that a model can have")


def _give_out(path: Path) -> None:
    """Copy what was written to standard output; nothing where the command wrote nothing."""
    if path.with_name(f"{path.name}.data").exists():
        raise UsageError("this model keeps its weights in a second file: it cannot go to standard output (-o -)")
    if path.exists() and sys.stdout is not None:
        try:
            sys.stdout.buffer.write(path.read_bytes())
            sys.stdout.buffer.flush()
        except BrokenPipeError:
            silence()
