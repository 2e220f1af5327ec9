"""Run commands on one damaged file, in this process or as a user would, and judge what they print, write and leave."""

from __future__ import annotations

import io
import os
import re
import subprocess
import sys
import time
import traceback
from collections.abc import Iterator, Sequence
from contextlib import redirect_stderr, redirect_stdout, suppress
from dataclasses import dataclass
from pathlib import Path

from paoding_onnx.cli import main
from paoding_onnx.evaluation import fidelity
from scripts import ROOT

STATUSES = (0, 1, 2, 3, 4, 5)
"""Those that say something about the file; 1 only of a proof that failed."""
LIMITS = ("--time-limit", "30s", "--max-memory", "3G")
MOST_SECONDS = 40.0
"""Seconds that a command may take which is told to stop after 30: others run on the machine too."""
HELD_BYTES = 6 << 30
"""Bytes that the process may take in which commands run one after the other."""
_ESCAPES = frozenset(map(chr, [*range(9), *range(11, 32), *range(127, 160), 0x202E]))
_OURS = (".ses",)
"""What onnxruntime leaves among temporary files."""
_STAGE = re.compile(r"paoding_onnx: +[\d.]+ s  .*\n")
"""A line that tells a stage, which is no word of an error."""


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that must not be: which command, what, and the last lines of where it came from."""

    command: str
    what: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Ended:
    """How a command ended, and what it printed."""

    status: int | str
    out: str
    err: str


def commands(model: Path, output: Path) -> tuple[Sequence[str], ...]:
    """What is run on a model: a look at it, a prune with all proofs, a check of it against its own."""
    plan = output.with_suffix(".json")
    prune = ("prune", str(model), "-o", str(output), "--plan", str(plan), "--method", "magnitude", "--target", "0.3")
    return ("inspect", str(model)), prune, ("check", str(model), str(model))


def judge(folder: Path, content: bytes, *, is_whole: bool = False) -> list[Finding]:
    """What is wrong with how the commands take a file; they run in `folder`, which is empty before and after.

    With `is_whole` they are run as a user would, else in this process, where an error shows where it came from.
    """
    model, found = folder / "m.onnx", []
    model.write_bytes(content)
    for command in commands(model, folder / "out.onnx"):
        start = time.monotonic()
        ended = _as_user(command) if is_whole else _here(command)
        if is_whole and (spent := time.monotonic() - start) > MOST_SECONDS:
            found.append(Finding(command[0], "over the limit of time", f"{spent:.0f} s"))
        if model.read_bytes() != content:
            found.append(Finding(command[0], "input changed"))
        found += _faults(command[0], ended, {path.name for path in folder.iterdir()} - {"m.onnx"})
    for path in folder.iterdir():
        path.unlink()
    return found


def prepare() -> None:
    """Make a process ready to judge many files: it takes little memory, and libraries say nothing on its terminal."""
    fidelity.latency_ratio = lambda *_, **__: 1.0  # takes half a second, and is nothing of a file's
    with suppress(ImportError):
        import resource

        resource.setrlimit(resource.RLIMIT_DATA, (HELD_BYTES, HELD_BYTES))
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)


def _here(command: Sequence[str]) -> Ended:
    out, err = io.StringIO(), io.StringIO()
    try:
        with redirect_stdout(out), redirect_stderr(err):
            status: int | str = main([*command, "--traceback"])
    except BaseException:  # noqa: BLE001  # that it gets here is what is looked for
        return Ended("not caught", out.getvalue(), traceback.format_exc())
    return Ended(status, out.getvalue(), err.getvalue())


def _as_user(command: Sequence[str]) -> Ended:
    argv = [sys.executable, "-m", "paoding_onnx", *command, *LIMITS]
    done = subprocess.run(argv, cwd=ROOT, capture_output=True, check=False)
    out, err = (stream.decode("utf-8", "backslashreplace") for stream in (done.stdout, done.stderr))
    status: int | str = done.returncode
    said = _STAGE.sub("", err)
    return Ended(status if said.count("\n") <= 1 else f"{status} with more than one line", out, err)


def _faults(command: str, ended: Ended, names: set[str]) -> Iterator[Finding]:
    """What is wrong with how a command ended, where files of these names stand afterwards."""
    if ended.status not in STATUSES:
        yield Finding(command, f"status {ended.status}", ended.err[-1500:])
    if ended.status == 1 and command == "inspect":
        yield Finding(command, "status 1 without a proof", ended.err[-1500:])
    if found := _ESCAPES & set(ended.out + ended.err):
        yield Finding(command, "escapes printed", repr(sorted(found)))
    whole = {"out.onnx", "out.json"}
    if command == "prune" and names - {"out.onnx.data"} != (whole if ended.status == 0 else set()):
        yield Finding(command, f"status {ended.status} with the files {sorted(names)}")
