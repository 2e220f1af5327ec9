"""WATCH a command from a process that does nothing else: limits of memory and time, signals, crashes.

Native code may crash, take all memory or never come back, whatever Python does in the same process. So the command runs
in a process of its own; this one ends it where it must, removes what it left, and says in one line what happened.
"""

from __future__ import annotations

import math
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import IO, Protocol

from paoding_onnx.cli.limits import Limits, limits_of
from paoding_onnx.cli.processes import family, kill, resident_bytes
from paoding_onnx.cli.run import parsed
from paoding_onnx.cli.stopping import SIGNALS, STOPPED, handled, held_back
from paoding_onnx.cli.streams import complain, open_streams
from paoding_onnx.errors import ModelError
from paoding_onnx.model.stage import clean_up
from paoding_onnx.recovery.interrupts import SAME
from paoding_onnx.report.printable import printable

_CHILD = "from paoding_onnx.cli import child; raise SystemExit(child())"
_PATIENCE = 5.0
"""Seconds that a command has to clean up after itself once it was asked to stop."""
_EVERY = 0.1
"""Seconds between two looks at what it takes."""
_TARGETS = ("output", "plan", "report", "plot")


class Process(Protocol):
    """What is watched: as much of `subprocess.Popen` as that takes."""

    pid: int
    stderr: IO[bytes] | None
    returncode: int | None

    def poll(self) -> int | None:
        """Its exit status, `None` while it runs."""

    def wait(self, timeout: float | None = None) -> int:
        """Its exit status, once it has ended."""

    def send_signal(self, number: int) -> None:
        """Send it a signal."""


def started(is_heard: bool) -> Process:
    """The process of the command; what libraries print on standard error is made harmless where they may print."""
    path = os.pathsep.join(part or os.getcwd() for part in sys.path)
    return subprocess.Popen(
        [sys.executable, "-P", "-c", _CHILD, *sys.argv[1:]],
        env={**os.environ, "PYTHONPATH": path},
        stderr=subprocess.PIPE if is_heard else None,
    )


def watched_command(start: Callable[[bool], Process] = started) -> int:
    """Run the command of this process in another one, which `start` starts; returns its exit status."""
    open_streams()
    found = parsed(sys.argv[1:])
    if isinstance(found, int):
        return found
    asked = _Asked(keeps=getattr(found, "on_interrupt", "drop") == "keep")
    with handled(asked):
        clean_up()
        with held_back():
            process = start(found.verbose)
            asked.process = process
        if process.stderr is not None:
            threading.Thread(target=_pass_on, args=(process.stderr,), daemon=True).start()
        reason = _wait(process, asked, limits_of(found))
        targets = [getattr(found, name, None) for name in _TARGETS]
        return _status(process, asked, reason, [path.parent for path in targets if isinstance(path, Path)])


class _Asked:
    """Signals that asked to stop: they are passed on. A terminal sends Ctrl-C to both; the first one counts there.

    With `keeps` the first Ctrl-C may be a wish to go on with what was learned: then the command does not end at once.
    """

    def __init__(self, *, keeps: bool = False) -> None:
        self.process: Process | None = None
        self.number = 0
        self.since = 0.0
        self._keeps = keeps
        self._first = -math.inf

    def __call__(self, number: int, _frame: object) -> None:
        is_again = number == signal.SIGINT and time.monotonic() < self._first + SAME
        if self._keeps and number == signal.SIGINT:
            self._keeps, self._first = False, time.monotonic()
        elif not self.number and not is_again:
            self.number, self.since = number, time.monotonic()
        if self.process is not None and sys.platform != "win32":
            with suppress(OSError):
                self.process.send_signal(number)


def _pass_on(lines: IO[bytes]) -> None:
    for line in lines:
        complain(printable(line.decode("utf-8", "backslashreplace").rstrip("\r\n")))


def _wait(process: Process, asked: _Asked, limits: Limits) -> str:
    """Why the command was ended, in a line, once it has ended; nothing if it ended by itself."""
    start, reason = time.monotonic(), ""
    while not reason and process.poll() is None:
        with suppress(subprocess.TimeoutExpired):
            process.wait(timeout=_EVERY)
            break
        spent = time.monotonic() - start
        if asked.number and time.monotonic() > asked.since + _PATIENCE:
            reason = STOPPED
        elif limits.seconds is not None and spent > limits.seconds:
            reason = f"paoding_onnx: error: stopped: it took longer than the {limits.seconds:g} s of --time-limit"
        elif limits.memory is not None and resident_bytes(family(process.pid)) > limits.memory:
            most = f"{limits.memory / 2**30:.2f} GB"
            reason = f"paoding_onnx: error: stopped: it took more memory than the {most} of --max-memory"
    if reason:
        kill(family(process.pid))
    process.wait()
    return reason


def _status(process: Process, asked: _Asked, reason: str, folders: list[Path]) -> int:
    """The exit status for the user; what a command left that was ended, or crashed, is removed."""
    status = process.wait()
    is_stopped = status in {128 + number for number in SIGNALS}
    if status >= 0 and not reason and not is_stopped:
        return status
    clean_up(*folders)
    if asked.number or is_stopped:
        complain(STOPPED)
        return 128 + asked.number if asked.number else status
    name = signal.Signals(-status).name if -status in set(signal.Signals) else str(status)
    crash = f"paoding_onnx: error: a library crashed on this model ({name}); nothing was written"
    complain(reason or crash)
    return ModelError.exit_status
