"""A sweep against the same runs one by one, and on every engine: its time, and whether its bytes are the same.

    python -m scripts.benchmarks.sweep models/*.onnx [--target 0.2:0.8:0.2] [--effort fast] [-o FOLDER]

First each `prune` alone, then a sweep by processes of this machine, the same again, which has nothing left to do, by a
dask cluster of this machine, and by a dask scheduler with two workers, one of which is killed after the first result.
Dask is needed: ``pip install 'paoding_onnx[cluster]'``.
"""

from __future__ import annotations

import argparse
import contextlib
import csv
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from scripts import ROOT
from scripts.benchmarks.processes import Done, run

PATIENCE = 60.0
"""Seconds for a scheduler to begin its work."""


def main() -> None:
    """Print CPU seconds by the way that the runs were made, and whether all files are the same."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", metavar="MODEL", type=Path, nargs="+")
    parser.add_argument("--target", default="0.2:0.8:0.2", help="as for sweep (default %(default)s)")
    parser.add_argument("--method", default="reconstruction,magnitude", help="as for sweep (default %(default)s)")
    parser.add_argument("--effort", default="fast", help="as for sweep (default %(default)s)")
    parser.add_argument("-o", "--output", metavar="FOLDER", type=Path, default=Path("sweeps"))
    arguments = parser.parse_args()
    folder: Path = arguments.output.resolve()
    if folder.exists():
        parser.error(f"{folder} is there: runs that it has would not be done again, so name another folder")
    models = [str(path.resolve()) for path in arguments.models]
    words = [*models, "--target", arguments.target, "--method", arguments.method, "--effort", arguments.effort]
    swept = _told("processes of this machine", _sweep(words, folder / "processes"))
    _told("the same again", _sweep(words, folder / "processes"))
    _told("dask cluster of this machine", _sweep([*words, "--scheduler", "local"], folder / "dask"))
    _told("dask, a worker killed", _with_a_worker_killed(words, folder / "killed"))
    rows = list(csv.DictReader((folder / "processes" / "results.csv").open(newline="")))
    failed = [row["file"] for row in rows if row["status"] != "0"]
    print(f"{len(rows)} runs, {len(failed)} failed {' '.join(failed)}")
    for other in ("dask", "killed"):
        print(f"{other}: {_same(folder / 'processes', folder / other)}")
    alone = _alone(rows, models, folder / "alone")
    print(f"one by one: {alone:.0f} s CPU; the sweep takes {swept.cpu_seconds / alone:.2f} of that")


def _told(what: str, done: Done) -> Done:
    print(f"{what}: {done.cpu_seconds:.0f} s CPU of this process and its own, {done.seconds:.0f} s", flush=True)
    return done


def _sweep(words: Sequence[str], folder: Path) -> Done:
    done = run("paoding_onnx", "sweep", *words, "-o", str(folder), "--quiet")
    if done.code:
        raise SystemExit(f"the sweep failed: {done.message}")
    return done


def _alone(rows: Sequence[dict[str, str]], models: Sequence[str], folder: Path) -> float:
    """CPU seconds of all runs of a sweep as commands of their own."""
    folder.mkdir(parents=True, exist_ok=True)
    files, spent = {Path(model).stem: model for model in models}, 0.0
    for row in rows:
        taught = ("--effort", row["effort"]) if row["effort"] else ()
        words = ("--target", row["target"], "--by", row["by"], "--method", row["method"], *taught)
        target = str(folder / "small.onnx")
        done = run("paoding_onnx", "prune", files[row["model"]], "-o", target, *words, "--force", "--quiet", threads=1)
        spent += done.cpu_seconds
    return spent


def _same(one: Path, other: Path) -> str:
    """Whether the models in two folders have the same bytes."""
    names = sorted(file.relative_to(one) for file in one.rglob("*.onnx"))
    differ = [
        str(name)
        for name in names
        if not (other / name).is_file() or (one / name).read_bytes() != (other / name).read_bytes()
    ]
    return f"{len(names) - len(differ)} of {len(names)} models have the same bytes {' '.join(differ)}"


def _with_a_worker_killed(words: Sequence[str], folder: Path) -> Done:
    """A sweep by two workers of a scheduler, the first of which is killed, with what it runs, after a result."""
    folder.mkdir(parents=True, exist_ok=True)
    place = folder / "scheduler.json"
    place.unlink(missing_ok=True)
    with _process("distributed.cli.dask_scheduler", "--scheduler-file", str(place), "--port", "0", "--no-dashboard"):
        _wait_for(place)
        settings = ("--scheduler-file", str(place), "--nthreads", "1", "--no-nanny", "--no-dashboard")
        with (
            _process("distributed.cli.dask_worker", *settings) as first,
            _process("distributed.cli.dask_worker", *settings),
        ):
            address = _address(place)
            threading.Thread(target=_kill, args=(first, folder / "results.csv"), daemon=True).start()
            return _sweep([*words, "--scheduler", address], folder)


@contextlib.contextmanager
def _process(*words: str) -> Iterator[subprocess.Popen[bytes]]:
    """A process in a group of its own, which ends with the block."""
    quiet = subprocess.DEVNULL
    process = subprocess.Popen(
        [sys.executable, "-m", *words], cwd=ROOT, stdout=quiet, stderr=quiet, start_new_session=True
    )
    try:
        yield process
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _kill(process: subprocess.Popen[bytes], results: Path) -> None:
    """Kill a worker and what it runs once there is a result."""
    while not results.is_file():
        time.sleep(0.05)
    os.killpg(process.pid, signal.SIGKILL)


def _wait_for(place: Path) -> None:
    until = time.monotonic() + PATIENCE
    while not place.is_file():
        if time.monotonic() > until:
            raise SystemExit("the scheduler of dask did not begin its work")
        time.sleep(0.05)


def _address(place: Path) -> str:
    return str(json.loads(place.read_text("utf-8"))["address"])


if __name__ == "__main__":
    main()
