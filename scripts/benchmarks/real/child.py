"""A command in a process of its own, with what it used. Linux only."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from scripts import ROOT

PAUSE = 0.3
_SESSION, _RESIDENT = 3, 21
"""Places in `/proc/PID/stat` behind the name: fields 6 and 24."""


@dataclass(frozen=True, slots=True)
class Done:
    """A process that ended, with all that it started; `stopped` says why it was ended from outside, if it was.

    `peak_bytes` is the most that they held together when looked at, or that one of them held at any time.
    """

    code: int
    out: str
    err: str
    cpu_seconds: float
    peak_bytes: int
    stopped: str = ""


def run(*words: str, seconds: float, resident_bytes: int) -> Done:
    """Run `python -m WORDS` in the root of the repository, until it ends, or takes too long or too much memory.

    What is limited is resident memory: onnxruntime reserves far more addresses than it uses.
    """
    start, stopped, most = time.monotonic(), "", 0
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as err:
        command = [sys.executable, "-m", *words]
        process = subprocess.Popen(command, stdout=out, stderr=err, cwd=ROOT, start_new_session=True)
        while not (ended := os.wait4(process.pid, os.WNOHANG))[0]:
            time.sleep(PAUSE)
            held = resident(process.pid)
            most = max(most, held)
            if time.monotonic() - start > seconds:
                stopped = f"stopped after {seconds:.0f} s"
            elif held > resident_bytes:
                stopped = f"stopped above {resident_bytes / 1e9:.1f} GB"
            if stopped:
                os.killpg(process.pid, signal.SIGKILL)
                ended = os.wait4(process.pid, 0)
                break
        usage, process.returncode = ended[2], os.waitstatus_to_exitcode(ended[1])
        texts = [(file.seek(0), file.read())[1] for file in (out, err)]
        cpu = usage.ru_utime + usage.ru_stime
        return Done(process.returncode, texts[0], texts[1], cpu, max(most, usage.ru_maxrss * 1024), stopped)


def resident(session: int) -> int:
    """Bytes that all processes of a session hold in memory; what they share counts for each."""
    n_pages = 0
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(FileNotFoundError, ProcessLookupError):  # it ended meanwhile
            words = (folder / "stat").read_text().rpartition(")")[2].split()
            n_pages += int(words[_RESIDENT]) if int(words[_SESSION]) == session else 0
    return n_pages * os.sysconf("SC_PAGE_SIZE")
