"""How good and how fast a file is in onnxruntime, whatever its format."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from scripts.benchmarks.edge.formats import Feed

_WARM_UPS, _RUNS = 1, 3
"""Runs of a model each time it has its turn: another model has used the caches before."""
_ERRORS = 3
"""Log level: onnxruntime would warn about every constant that it folds."""


def session(path: Path, threads: int = 1) -> onnxruntime.InferenceSession:
    """A session of an `.onnx` or `.ort` file on the CPU with that many threads."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.log_severity_level = _ERRORS
    return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])


def outputs(path: Path, feeds: Iterable[Feed]) -> NDArray[np.float32]:
    """The first output for all samples of `feeds`, (n_samples, n_classes)."""
    running = session(path)
    return np.concatenate([running.run(None, feed)[0] for feed in feeds])


def accuracy(path: Path, feeds: Iterable[Feed], labels: NDArray[np.int64]) -> float:
    """Share of samples whose largest output is that of their label."""
    return float((outputs(path, feeds).argmax(1) == labels).mean())


def median_seconds(files: Mapping[str, Path], feed: Feed, *, threads: int, rounds: int) -> dict[str, float]:
    """Median time of a run of each file; they take turns, so that other work on the machine slows all alike."""
    sessions = {name: session(path, threads) for name, path in files.items()}
    seconds: dict[str, list[float]] = {name: [] for name in files}
    for _ in range(rounds):
        for name, running in sessions.items():
            seconds[name] += _turn(running, feed)
    return {name: float(np.median(values)) for name, values in seconds.items()}


def _turn(running: onnxruntime.InferenceSession, feed: Feed) -> list[float]:
    """Seconds that each of a few runs took."""
    for _ in range(_WARM_UPS):
        running.run(None, feed)
    seconds = []
    for _ in range(_RUNS):
        start = time.perf_counter()
        running.run(None, feed)
        seconds.append(time.perf_counter() - start)
    return seconds
