"""The networks and pictures that the table is about: what a network reads, and which feeds show it that."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnxruntime
from numpy.typing import NDArray

import paoding_onnx
from paoding_onnx.calibration.preprocess import Preprocess
from paoding_onnx.calibration.samples import InputOptions
from paoding_onnx.calibration.synthesize import make_samples
from paoding_onnx.shapes.observe import observe, runnable_shapes
from scripts.benchmarks.edge.formats import Feed

BATCH = 100
Pixels = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Network:
    """A classifier of pictures, which reads pixels of 0 to 255 divided by `scale`."""

    name: str
    path: Path
    scale: float


@dataclass(frozen=True, slots=True)
class Images:
    """Labelled pictures to test on, and unlabelled ones to calibrate with, `None` where there are none.

    `test` is (n, channel, height, width), `labels` is (n,), `real` is like `test`.
    """

    test: Pixels
    labels: NDArray[np.int64]
    real: Pixels | None

    def drawn(self, count: int, seed: int) -> Images:
        """The same with `count` test pictures drawn at random; with all of them where `count` is 0."""
        chosen = np.random.default_rng(seed).permutation(len(self.labels))[: count or None]
        return Images(self.test[chosen], self.labels[chosen], self.real)


def read_sample(path: Path) -> Images:
    """The test pictures that the project ships."""
    with np.load(path) as sample:
        return Images(sample["x"], sample["y"], None)


def read_data(folder: Path, n_real: int, seed: int) -> Images:
    """All test pictures in `folder`, and `n_real` training pictures drawn at random; needs Pillow."""
    from scripts.train.dataset import read_jpegs

    train, _ = read_jpegs(folder / "cifar10_jpeg_train.npz", mode="RGB")
    test, labels = read_jpegs(folder / "cifar10_jpeg_test.npz", mode="RGB")
    chosen = np.random.default_rng(seed).choice(len(train), n_real, replace=False)
    return Images(test.transpose(0, 3, 1, 2), labels, train[chosen].transpose(0, 3, 1, 2))


def feeds(network: Network, images: Pixels, batch: int = BATCH) -> Iterator[Feed]:
    """`images` as the network reads them, batch by batch, with channels where its input has them."""
    spec = onnxruntime.InferenceSession(network.path, providers=["CPUExecutionProvider"]).get_inputs()[0]
    is_channels_last = spec.shape[-1] == images.shape[1]
    ready = images.transpose(0, 2, 3, 1) if is_channels_last else images
    for start in range(0, len(ready), batch):
        yield {spec.name: np.ascontiguousarray(ready[start : start + batch], np.float32) / np.float32(network.scale)}


def made_up(network: Network, n_samples: int, seed: int) -> tuple[Feed, ...]:
    """Inputs made from nothing but the model and its range: what calibrates a network that comes without data."""
    model = paoding_onnx.load(network.path)
    graph = observe(model)
    options = InputOptions(preprocess=Preprocess(range=(0.0, 255 / network.scale)))
    return make_samples(model, graph, n_samples, seed, options, shapes=runnable_shapes(model, graph)).batches
