"""Commands in processes of their own, with limits, and many pieces of work at a time. Linux only."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from multiprocessing import get_context
from typing import IO, TypeVar

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from scripts import ROOT

Job = TypeVar("Job")
Result = TypeVar("Result")
LONGEST_MESSAGE = 300


@dataclass(frozen=True, slots=True)
class Limits:
    """What a process may use: seconds by the clock, CPU seconds, and bytes of address space; `None` for any number."""

    seconds: float | None = None
    cpu_seconds: int | None = None
    memory_bytes: int | None = None


@dataclass(frozen=True, slots=True)
class Done:
    """A process that ended: `code` is negative for a signal, `peak_bytes` the largest resident size."""

    code: int
    out: str
    err: str
    seconds: float
    cpu_seconds: float
    peak_bytes: int

    @property
    def message(self) -> str:
        """The last line of what it said was wrong, of bounded length, fit for a Markdown table."""
        if -self.code == signal.SIGXCPU:
            return "out of CPU time"
        if -self.code == signal.SIGKILL:
            return "killed"
        lines = [line for line in self.err.splitlines() if line.strip()] or [f"exit status {self.code}, no message"]
        words = lines[-1].replace("|", "/").strip()
        return words if len(words) <= LONGEST_MESSAGE else words[:LONGEST_MESSAGE] + " ..."


def run(*words: str, python: str = sys.executable, limits: Limits | None = None, threads: int | None = None) -> Done:
    """Run `python -m WORDS` in the root of the repository, with its package and scripts, to its end or to a limit.

    With `threads`, libraries are told to use no more than that.
    """
    limits, start = limits or Limits(), time.perf_counter()
    env = os.environ if threads is None else {**os.environ, "OMP_NUM_THREADS": str(threads)}
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as err:
        process = subprocess.Popen([python, "-m", *words], stdout=out, stderr=err, cwd=ROOT, env=env)
        _limit(process.pid, limits)
        timer = threading.Timer(limits.seconds or 0, process.kill)
        if limits.seconds is not None:
            timer.start()
        _, status, usage = os.wait4(process.pid, 0)
        timer.cancel()
        process.returncode = os.waitstatus_to_exitcode(status)  # keeps Popen from waiting for it again
        seconds, cpu_seconds = time.perf_counter() - start, usage.ru_utime + usage.ru_stime
        return Done(process.returncode, _text(out), _text(err), seconds, cpu_seconds, usage.ru_maxrss * 1024)


def _limit(pid: int, limits: Limits) -> None:
    """Set from outside, at once: code between fork and exec is not safe beside threads."""
    if limits.cpu_seconds is not None:
        resource.prlimit(pid, resource.RLIMIT_CPU, (limits.cpu_seconds, limits.cpu_seconds + 10))
    if limits.memory_bytes is not None:
        resource.prlimit(pid, resource.RLIMIT_AS, (limits.memory_bytes, limits.memory_bytes))


def _text(file: IO[str]) -> str:
    file.seek(0)
    return file.read()


def each(work: Callable[[Job], Result], jobs: Sequence[Job], *, n: int = 1, spawn: bool = False) -> Iterator[Result]:
    """What `work` makes of each job, as it is done, with a bar on a terminal.

    More than one at a time are done by `n` threads, or, to `spawn`, by as many processes.
    """
    console = Console(file=sys.stderr)
    columns = (TextColumn("working"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        done = map(work, jobs) if n == 1 else _side_by_side(work, jobs, n, spawn)
        yield from bar.track(done, total=len(jobs))


def _side_by_side(work: Callable[[Job], Result], jobs: Sequence[Job], n: int, spawn: bool) -> Iterator[Result]:
    pool = ProcessPoolExecutor(n, mp_context=get_context("spawn")) if spawn else ThreadPoolExecutor(n)
    with pool:
        for future in as_completed([pool.submit(work, job) for job in jobs]):
            yield future.result()
