"""What model files take: bytes on disk, time for one run, peak memory. Measured in processes of their own.

A fresh process has used no memory for anything else, and it can be bound to a fixed set of processors, so that no more
threads run at once than were asked for. Models to compare are timed in turns, as machines speed up and slow down.
"""

from __future__ import annotations

import json
import math
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from paoding_onnx.context import ANYHOW, Deployment
from paoding_onnx.errors import ModelError
from paoding_onnx.evaluation.measured import Latency, OperatorTime
from paoding_onnx.model.nodes import Array
from paoding_onnx.model.parent import end_with_parent
from paoding_onnx.model.scratch import scratch_folder
from paoding_onnx.model.session import DeployedSession, Session
from paoding_onnx.model.trail import TrailedSession, by_operator

SECONDS = 1.0
"""For about this long each model is run over and over, at least `FEWEST_RUNS` times."""
FEWEST_RUNS = 5
FEWEST_TRAILED, TRAILED_SECONDS = 3, 0.1
"""What operators take is noted in so many runs at least, in more of them up to `FEWEST_RUNS` within this time."""
_CHILD = "import sys; sys.path[:] = {path!r}; from paoding_onnx.evaluation.latency import child; child()"
_STATUS = Path("/proc/self/status")


@dataclass(frozen=True, slots=True)
class Timed:
    """A model file to measure, with its bytes (external data included), and what to run it on."""

    path: Path
    feeds: Mapping[str, Array]
    file_bytes: int


@dataclass(frozen=True, slots=True)
class Resources:
    """Median milliseconds of a run on `rows` samples, out of `runs`; peak memory; bytes of the file.

    `processors` is how many the process was bound to, 0 where the system cannot do that. `peak_bytes` is what loading
    and running the model adds to a process that has only onnxruntime; `None` where the system does not say.
    """

    milliseconds: float
    rows: int
    runs: int
    processors: int
    peak_bytes: int | None
    file_bytes: int


def measure(models: Sequence[Timed], *, processors: int = 1, seconds: float = SECONDS) -> tuple[Resources, ...]:
    """What each of the models takes, in a process bound to so many `processors`.

    Raises:
        ModelError: if a model does not run in a process of its own.
    """
    timed = _in_child(models, processors, seconds)
    found = []
    for index, model in enumerate(models):
        peak = _in_child([model], processors, 0.0)["peak_bytes"]
        spent = timed["seconds"][index]
        found.append(
            Resources(
                milliseconds=1e3 * statistics.median(spent),
                rows=len(next(iter(model.feeds.values()))),
                runs=len(spent),
                processors=timed["processors"],
                peak_bytes=peak,
                file_bytes=model.file_bytes,
            )
        )
    return tuple(found)


def _in_child(models: Sequence[Timed], processors: int, seconds: float) -> dict[str, Any]:
    """The figures that a process found for the models, which it ran in turns."""
    with scratch_folder() as folder:
        jobs = []
        for index, model in enumerate(models):
            file = folder / f"feeds{index}.npz"
            np.savez(file, *model.feeds.values())
            jobs.append({"model": str(model.path), "feeds": str(file), "names": list(model.feeds)})
        job = json.dumps({"models": jobs, "processors": processors, "seconds": seconds})
        command = [sys.executable, "-c", _CHILD.format(path=sys.path), job]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        reason = (done.stderr.strip().splitlines() or [f"status {done.returncode}"])[-1]
        raise ModelError(f"the model was not timed in a process of its own: {reason}")
    return dict(json.loads(done.stdout))


def child() -> None:
    """What the process does: measure the job on its command line, write the figures on stdout as JSON."""
    end_with_parent()
    job = json.loads(sys.argv[1])
    bound = _bind(job["processors"])
    feeds = [_feeds(model) for model in job["models"]]
    on = Deployment(bound, job.get("provider", "cpu"))
    before = _status_bytes("VmRSS")
    sessions = [DeployedSession(Path(model["model"]), optimise=True, on=on) for model in job["models"]]
    for session, content in zip(sessions, feeds, strict=True):
        session.run(content)
    if "pairs" in job:
        spent = _paired(sessions, feeds, job["pairs"], job["seconds"], clock_for(bound))
    else:
        fewest, clock = FEWEST_RUNS if job["seconds"] else 0, clock_for(bound)
        spent = times_in_turns(sessions, feeds, seconds=job["seconds"], fewest=fewest, clock=clock)
    after = _status_bytes("VmHWM")
    peak = after - before if after is not None and before is not None else None
    operators = [_operators(model, content, on) for model, content in zip(job["models"], feeds, strict=True)]
    found = {"seconds": spent, "processors": bound, "peak_bytes": peak, "operators": operators}
    sys.stdout.write(json.dumps(found))


def _operators(model: Mapping[str, Any], feeds: Mapping[str, Array], on: Deployment) -> dict[str, float]:
    """Milliseconds by operator; none if they are not asked for."""
    if "trail" not in model:
        return {}
    session = TrailedSession(Path(model["model"]), Path(model["trail"]), on=on)
    end = time.perf_counter() + TRAILED_SECONDS
    for number in range(FEWEST_RUNS):
        if number < FEWEST_TRAILED or time.perf_counter() < end:
            session.run(feeds)
    return by_operator(session.times())


def _feeds(model: Mapping[str, Any]) -> dict[str, Array]:
    with np.load(model["feeds"]) as file:
        return {name: file[f"arr_{index}"] for index, name in enumerate(model["names"])}


def _bind(count: int) -> int:
    """Bind this process to `count` of the processors it may use; returns how many it got, 0 if that is impossible."""
    if not hasattr(os, "sched_setaffinity"):
        return 0
    chosen = sorted(_available())[:count]
    os.sched_setaffinity(0, chosen)
    return len(chosen)


def _available() -> set[int]:
    """Numbers of the processors that this process may use."""
    return set(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else set(range(os.cpu_count() or 1))


Clock = Callable[[], float]
"""Seconds since any moment."""


def clock_for(processors: int) -> Clock:
    """The clock for a process that is bound to so many processors.

    On one, a run takes what that processor spends on it, and what it spends on other processes meanwhile is left out.

    >>> clock_for(1) is time.process_time, clock_for(2) is time.perf_counter
    (True, True)
    """
    return time.process_time if processors == 1 else time.perf_counter


def times_in_turns(
    sessions: Sequence[Session],
    feeds: Sequence[Mapping[str, Array]],
    *,
    seconds: float,
    fewest: int,
    clock: Clock = time.perf_counter,
) -> list[list[float]]:
    """Seconds of each run of each session, which run in turns, each for about `seconds`, at least `fewest` times.

    They should have run before, as a first run takes longer.
    """
    spent: list[list[float]] = [[] for _ in sessions]
    end = time.perf_counter() + seconds * len(sessions)
    while len(spent[0]) < fewest or time.perf_counter() < end:
        for session, content, times in zip(sessions, feeds, spent, strict=True):
            start = clock()
            session.run(content)
            times.append(clock() - start)
    return spent


def _status_bytes(key: str) -> int | None:
    """A figure of this process's memory; Linux only, as the portable one counts what the parent used before."""
    if not _STATUS.is_file():
        return None
    lines = _STATUS.read_text().splitlines()
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith(f"{key}:")), None)


LEAST_SECONDS, MOST_SECONDS = 0.05, 1.0
"""For about this long two models are timed against each other at most: long runs bear more of it than short ones."""
SHARE = 0.05
"""The share of a run that may be spent on timing what came of it."""
FEWEST_PAIRS, MOST_PAIRS = 9, 2000
ENOUGH = 0.02
"""Two models are timed until their ratio is known to this share of it."""
NOWHERE = 0.25
"""A ratio that is not even known to this share of it is none."""


def seconds_for(elapsed: float) -> float:
    """How long to time two models at the end of a run that has taken `elapsed` seconds.

    >>> seconds_for(10.0), seconds_for(1000.0)
    (0.5, 1.0)
    """
    return min(max(SHARE * elapsed, LEAST_SECONDS), MOST_SECONDS)


def compare_latency(
    before: Path,
    after: Path,
    feeds: Mapping[str, Array],
    *,
    on: Deployment = ANYHOW,
    seconds: float = MOST_SECONDS,
    operators: bool = False,
) -> Latency | None:
    """How long runs of two model files on `feeds` take, in turns in a process of its own, once warmed up.

    They are timed until their ratio is known to `ENOUGH`, for about `seconds` at most. The process is bound to as many
    processors as `on` has threads, 0 for all that this one may use. `None` where a model does not run there, or the
    times vary too much for a ratio. With `operators` it is told what each operator takes.
    """
    with scratch_folder() as folder:
        file = folder / "feeds.npz"
        np.savez(file, *feeds.values())
        models = [{"model": str(path), "feeds": str(file), "names": list(feeds)} for path in (before, after)]
        if operators:
            models = [model | {"trail": str(folder / f"trail{number}")} for number, model in enumerate(models)]
        bound = on.threads or len(_available())
        job = {"models": models, "processors": bound, "pairs": MOST_PAIRS, "seconds": seconds, "provider": on.provider}
        command = [sys.executable, "-c", _CHILD.format(path=sys.path), json.dumps(job)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        return None
    found = dict(json.loads(done.stdout))
    first, second = (np.array(spent) for spent in found["seconds"])
    ratio, spread = ratio_of(first, second)
    if not spread <= NOWHERE:
        return None
    return Latency(
        before=1e3 * float(np.median(first)),
        after=1e3 * float(np.median(second)),
        ratio=ratio,
        spread=spread,
        processors=found["processors"],
        operators=_side_by_side(*found["operators"]),
    )


def _side_by_side(before: Mapping[str, float], after: Mapping[str, float]) -> tuple[OperatorTime, ...]:
    """What operators take in two models, those that take most of the first one first."""
    names = sorted({*before, *after}, key=lambda name: (-before.get(name, 0.0), -after.get(name, 0.0), name))
    return tuple(OperatorTime(name, before.get(name, 0.0), after.get(name, 0.0)) for name in names)


def ratio_of(first: NDArray[np.float64], second: NDArray[np.float64]) -> tuple[float, float]:
    """Median ratio of the pairs of times (n_pairs,), and half the width of its 95 % interval as a share of it.

    The interval comes from the order of the pairs, so a few runs that something disturbed do not matter.

    >>> ratio_of(np.full(25, 2.0), np.full(25, 1.0))
    (0.5, 0.0)
    """
    pairs = np.sort(second / first)
    reach = 0.98 * math.sqrt(len(pairs))
    low, high = (int(np.clip(len(pairs) / 2 + side, 0, len(pairs) - 1)) for side in (-reach, reach))
    middle = float(np.median(pairs))
    return middle, float(pairs[high] - pairs[low]) / 2 / middle


def _paired(
    sessions: Sequence[Session], feeds: Sequence[Mapping[str, Array]], n_pairs: int, seconds: float, clock: Clock
) -> list[list[float]]:
    """Seconds of each run of two sessions in turns, until their ratio is known well enough or the time is over.

    If it is not known at all by then, which is the machine's doing, they run as often as `FEWEST_PAIRS` once more.
    """
    spent: list[list[float]] = [[], []]
    end, is_over = time.perf_counter() + seconds, False
    while len(spent[0]) < n_pairs:
        more = times_in_turns(sessions, feeds, seconds=0.0, fewest=FEWEST_PAIRS, clock=clock)
        spent = [old + new for old, new in zip(spent, more, strict=True)]
        spread = ratio_of(*(np.array(times) for times in spent))[1]
        was_over, is_over = is_over, time.perf_counter() > end
        if spread < ENOUGH or was_over or (is_over and spread <= NOWHERE):
            break
    return spent
