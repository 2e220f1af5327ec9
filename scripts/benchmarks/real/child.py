"""A command in a process of its own, with what it used. Linux only."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from scripts import ROOT

PAUSE = 0.2


@dataclass(frozen=True, slots=True)
class Done:
    """A process that ended; `stopped` says why it was ended from outside, if it was."""

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
    start, stopped = time.monotonic(), ""
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as err:
        command = [sys.executable, "-m", *words]
        process = subprocess.Popen(command, stdout=out, stderr=err, cwd=ROOT, start_new_session=True)
        while not (ended := os.wait4(process.pid, os.WNOHANG))[0]:
            time.sleep(PAUSE)
            stopped = stopped or _reason(process.pid, time.monotonic() - start, seconds, resident_bytes)
            if stopped:
                os.killpg(process.pid, signal.SIGKILL)
                ended = os.wait4(process.pid, 0)
                break
        usage, process.returncode = ended[2], os.waitstatus_to_exitcode(ended[1])
        texts = [(file.seek(0), file.read())[1] for file in (out, err)]
        cpu = usage.ru_utime + usage.ru_stime
        return Done(process.returncode, texts[0], texts[1], cpu, usage.ru_maxrss * 1024, stopped)


def _reason(pid: int, taken: float, seconds: float, resident_bytes: int) -> str:
    if taken > seconds:
        return f"stopped after {seconds:.0f} s"
    if resident(pid) > resident_bytes:
        return f"stopped above {resident_bytes / 1e9:.1f} GB"
    return ""


def resident(pid: int) -> int:
    """Bytes that a process holds in memory; 0 once it has ended."""
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    except (FileNotFoundError, ProcessLookupError):
        return 0
    return pages * os.sysconf("SC_PAGE_SIZE")
