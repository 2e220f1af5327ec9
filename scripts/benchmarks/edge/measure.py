"""A network, the inputs that it reads, and how good and fast a file of it is in onnxruntime, whatever its format."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import onnxruntime
from numpy.typing import NDArray

import paoding_onnx
from scripts.benchmarks.edge.formats import Feed
from scripts.train.datasets import Dataset, model_input

BATCH = 100
_WARM_UPS, _RUNS = 1, 3
"""Runs of a model each time it has its turn: another model has used the caches before."""
_ERRORS = 3
"""Log level: onnxruntime would warn about every constant that it folds."""


@dataclass(frozen=True, slots=True)
class Network:
    """A classifier of images, which reads pixels of 0 to 255 divided by `scale`."""

    name: str
    path: Path
    scale: float


def drawn(dataset: Dataset, count: int, seed: int) -> Dataset:
    """The same with `count` test images drawn at random; with all of them where `count` is 0."""
    chosen = np.random.default_rng(seed).permutation(len(dataset.y_test))[: count or None]
    return replace(dataset, x_test=dataset.x_test[chosen], y_test=dataset.y_test[chosen])


def feeds(network: Network, images: NDArray[np.uint8], batch: int = BATCH) -> Iterator[Feed]:
    """`images` as the network reads them, batch by batch, with channels where its input has them."""
    spec = session(network.path).get_inputs()[0]
    is_channels_last = spec.shape[-1] == images.shape[1]
    ready = images.transpose(0, 2, 3, 1) if is_channels_last else images
    for start in range(0, len(ready), batch):
        yield {spec.name: model_input(np.ascontiguousarray(ready[start : start + batch]), network.scale)}


def synthetic(network: Network, n_samples: int, seed: int) -> tuple[Feed, ...]:
    """Inputs synthesized from the model and its range alone: what calibrates a network that comes without data."""
    preprocess = paoding_onnx.Preprocess(range=(0.0, 255 / network.scale))
    options = paoding_onnx.Options(preprocess=preprocess, seed=seed)
    return paoding_onnx.synthesize(network.path, options, n_samples=n_samples).batches


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
    ends = [time.perf_counter()]
    for _ in range(_RUNS):
        running.run(None, feed)
        ends.append(time.perf_counter())
    return [end - start for start, end in pairwise(ends)]
