"""Run commands on one damaged file in this process, and judge what they print, write and leave behind."""

from __future__ import annotations

import io
import os
import sys
import time
import traceback
from collections.abc import Sequence
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path

from paoding_onnx.cli import main
from paoding_onnx.evaluation import fidelity

STATUSES = (0, 1, 2, 3, 4, 5)
"""Those that say something about the file; 1 only of a proof that failed."""
MOST_SECONDS = 30.0
_ESCAPES = frozenset(map(chr, [*range(9), *range(11, 32), *range(127, 160), 0x202E]))


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that must not be: which command, what, and the last lines of where it came from."""

    command: str
    what: str
    detail: str = ""


def commands(model: str, output: str) -> tuple[Sequence[str], ...]:
    """What is run on a model: a look at it, a prune with all proofs, a check of it against its own."""
    prune = ("prune", model, "-o", output, "--plan", f"{output}.json", "--method", "magnitude", "--target", "0.3")
    return ("inspect", model), (*prune, "--force"), ("check", model, model)


def judge(folder: Path, content: bytes) -> list[Finding]:
    """What is wrong with how the commands take a file; they run in `folder`, which is empty before and after."""
    model = folder / "m.onnx"
    model.write_bytes(content)
    found: list[Finding] = []
    for command in commands(str(model), str(folder / "out.onnx")):
        start = time.monotonic()
        found += _judge_run(command, folder)
        if (spent := time.monotonic() - start) > MOST_SECONDS:
            found.append(Finding(command[0], "over the limit of time", f"{spent:.0f} s"))
        if model.read_bytes() != content:
            found.append(Finding(command[0], "input changed"))
    for path in folder.iterdir():
        path.unlink()
    return found


def _judge_run(command: Sequence[str], folder: Path) -> list[Finding]:
    fidelity.latency_ratio = lambda *_, **__: 1.0  # takes half a second, and is nothing of a file's
    out, err = io.StringIO(), io.StringIO()
    try:
        with redirect_stdout(out), redirect_stderr(err):
            status = main([*command, "--traceback"])
    except BaseException:  # noqa: BLE001  # that it gets here is what is looked for
        return [Finding(command[0], "traceback", traceback.format_exc()[-1500:])]
    return list(_faults(command[0], status, out.getvalue(), err.getvalue(), folder))


def _faults(command: str, status: int, out: str, err: str, folder: Path) -> list[Finding]:
    found = []
    if status not in STATUSES:
        found.append(Finding(command, f"status {status}", err[-1500:]))
    if status == 1 and command == "inspect":
        found.append(Finding(command, "status 1 without a proof", err[-1500:]))
    if _ESCAPES & set(out + err):
        found.append(Finding(command, "escapes printed", repr(sorted(_ESCAPES & set(out + err)))))
    if command == "prune":
        names = {path.name for path in folder.iterdir()} - {"m.onnx"}
        if names not in ({"out.onnx", "out.onnx.json"}, {"out.onnx", "out.onnx.json", "out.onnx.data"}, set()):
            found.append(Finding(command, "partial output or leftovers", repr(sorted(names))))
        if (status == 0) != bool(names):
            found.append(Finding(command, f"status {status} with files {sorted(names)}"))
    return found


def worker(folder: Path, jobs: Sequence[tuple[int, bytes]]) -> dict[int, list[Finding]]:
    """The findings on each of some files, by number; run this in a process of its own, which may crash."""
    with open(os.devnull, "w") as nowhere:
        os.dup2(nowhere.fileno(), 2)  # what libraries say in C
    sys.stdout.flush()
    return {number: judge(folder, content) for number, content in jobs}
