"""Processes that run commands for a sweep, with one thread each for the sums of numpy.

How many threads add numbers up changes the last digits, and results must not depend on what else a machine has to do.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import weakref
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

_SERVER = "from paoding_onnx.cli.server import serve; serve()"
_SINGLE = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")


class Ended(NamedTuple):
    """How a command ended: its status, what it printed, and the last line of its complaints if it failed."""

    status: int
    out: str
    message: str


def run_command(words: Sequence[str], folder: Path) -> Ended:
    """Run a command in a folder, in a process of its own.

    Where processes can be forked safely, one for each thread imports everything and forks for each command.
    """
    if sys.platform == "linux":
        with suppress(_LostError):
            return _server().run(words, folder)
    return _started(words, folder)


def _started(words: Sequence[str], folder: Path) -> Ended:
    command = [sys.executable, "-P", "-m", "paoding_onnx", *words]
    done = subprocess.run(command, cwd=folder, env=_environment(), capture_output=True, text=True, check=False)
    return _ended(done.returncode, done.stdout, done.stderr)


def _environment() -> dict[str, str]:
    return {**os.environ, **_SINGLE}


def _ended(status: int, out: str, said: str) -> Ended:
    lines = said.strip().splitlines()
    return Ended(status, out, lines[-1] if lines and status else "")


class _LostError(Exception):
    """The process that forks for commands is not there any more."""


class _Server:
    """A process that forks for each command. It ends when this object goes, or this process."""

    def __init__(self) -> None:
        command = [sys.executable, "-P", "-c", _SERVER]
        pipe = subprocess.PIPE
        self._process = subprocess.Popen(
            command, stdin=pipe, stdout=pipe, stderr=subprocess.DEVNULL, env=_environment(), text=True
        )
        weakref.finalize(self, _end, self._process)

    def is_there(self) -> bool:
        """Whether it still runs."""
        return self._process.poll() is None

    def run(self, words: Sequence[str], folder: Path) -> Ended:
        """Run a command.

        Raises:
            _LostError: if the process ends before the command does.
        """
        with TemporaryDirectory(prefix="paoding_onnx-said-") as name:
            out, error = Path(name) / "out", Path(name) / "error"
            asked = {"words": list(words), "folder": str(folder.resolve()), "out": str(out), "error": str(error)}
            return _ended(self._asked(asked), out.read_text("utf-8", "replace"), error.read_text("utf-8", "replace"))

    def _asked(self, request: object) -> int:
        into, out = self._process.stdin, self._process.stdout
        try:
            if into is not None and out is not None:
                into.write(f"{json.dumps(request)}\n")
                into.flush()
                return int(out.readline())
        except (OSError, ValueError):
            pass
        raise _LostError


def _end(process: subprocess.Popen[str]) -> None:
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            with suppress(OSError):
                pipe.close()
    process.wait()


_OF_THREAD = threading.local()
"""The process of each thread: a command less to import everything; what comes of a command does not depend on it."""


def _server() -> _Server:
    found: _Server | None = getattr(_OF_THREAD, "server", None)
    if found is None or not found.is_there():
        found = _OF_THREAD.server = _Server()
    return found
