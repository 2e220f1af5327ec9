"""Many commands from one process, which imports everything once: each runs in a fork of it, watched like any other.

Half a second of every command is imports. A fork has them already, and shares nothing else: what one command does or
how it ends is nothing to the next one.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from functools import partial
from typing import IO, Any

from paoding_onnx.cli import child
from paoding_onnx.cli import commands as commands  # takes long to import: forks need not do it again
from paoding_onnx.cli.run import UNEXPECTED
from paoding_onnx.cli.streams import complain
from paoding_onnx.cli.watch import watched_command

_POLL = 0.01


def serve() -> None:
    """Run the commands that standard input asks for, until it ends; tell the status of each on standard output.

    Each line is JSON: the ``words`` of a command, the ``folder`` that it works in, and the files ``out`` and ``error``
    that get what it prints. Ctrl-C, which a terminal sends to all, is for them: this process ends with its input.
    """
    if signal.getsignal(signal.SIGINT) is not signal.SIG_IGN:  # else commands have to ignore it too
        signal.signal(signal.SIGINT, lambda *_: None)
    for line in sys.stdin:
        command = Fork(partial(_command, json.loads(line)))
        command.wait()
        print(json.dumps(command.returncode), flush=True)


def _command(asked: Mapping[str, Any]) -> int:
    """Run one command in this process, which is there for it alone."""
    _lead(0, os.devnull, os.O_RDONLY)
    _lead(1, asked["out"], os.O_WRONLY | os.O_CREAT)
    _lead(2, asked["error"], os.O_WRONLY | os.O_CREAT)
    os.chdir(asked["folder"])
    sys.argv[1:] = asked["words"]
    return watched_command(lambda _: Fork(child))


def _lead(stream: int, path: str, flags: int) -> None:
    """Let a standard stream lead to a file."""
    file = os.open(path, flags, 0o600)
    os.dup2(file, stream)
    os.close(file)


class Fork:
    """A process that does some `work` with all that this one has imported, to be watched like one that was started."""

    stderr: IO[bytes] | None = None
    """None of its own: it prints where this process does."""

    def __init__(self, work: Callable[[], int]) -> None:
        self.returncode: int | None = None
        sys.stdout.flush()
        sys.stderr.flush()
        self.pid = os.fork()
        if not self.pid:
            _leave_with(work)

    def poll(self) -> int | None:
        """Its exit status, the number of the signal that ended it below zero; `None` while it runs."""
        if self.returncode is None and (ended := os.waitpid(self.pid, os.WNOHANG))[0]:
            self.returncode = os.waitstatus_to_exitcode(ended[1])
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """Its exit status, once it has ended.

        Raises:
            subprocess.TimeoutExpired: if it has not within so many seconds.
        """
        until = None if timeout is None else time.monotonic() + timeout
        while (status := self.poll()) is None:
            if until is not None and time.monotonic() > until:
                raise subprocess.TimeoutExpired("a fork", timeout or 0.0)
            time.sleep(_POLL)
        return status

    def send_signal(self, number: int) -> None:
        """Send it a signal, if it still runs."""
        if self.poll() is None:
            os.kill(self.pid, signal.Signals(number))


def _leave_with(work: Callable[[], int]) -> None:
    """End this process with the status of its work; nothing of what it was forked from is done again."""
    status = UNEXPECTED
    try:
        status = work()
    except SystemExit as end:
        status = end.code if isinstance(end.code, int) else 1
    finally:
        if (error := sys.exc_info()[1]) is not None:  # nobody is above who could say so
            complain(f"paoding_onnx: error: unexpected {type(error).__name__}: {error}")
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)
