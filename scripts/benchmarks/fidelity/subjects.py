"""The models that are measured, each with samples to test on, and other samples, without labels, to calibrate on."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from scripts.train import brain_cnn, fraud_mlp, mnist_cnn
from scripts.train.dataset import Dataset, read_jpegs

N_CALIBRATION = 128
SEED = 0
MODELS = Path(__file__).parents[3] / "models"
_MEAN, _DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)

Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Drawn:
    """Samples as they are stored: `seen` are training samples to look at, `x` and `y` all test samples."""

    seen: NDArray[np.generic]
    x: NDArray[np.generic]
    y: NDArray[np.int64]
    scale: float


Reader = Callable[[Path], Drawn]


@dataclass(frozen=True, slots=True)
class Subject:
    """A model: its name, whose it is, how its data is read and fed, and the axis along which pictures are mirrored.

    `sample` is the file in `models/` that stands in for the data, if there is one. Models that kept their
    BatchNormalization have statistics of their training data.
    """

    name: str
    read: Reader
    is_ours: bool = True
    feed: str = "plain"
    mirror: int | None = None
    sample: str = ""
    has_statistics: bool = False

    def path(self, others: Path | None) -> Path | None:
        """Where the model is, if it is there."""
        folder = MODELS if self.is_ours else others
        path = folder / f"{self.name}.onnx" if folder else None
        return path if path is not None and path.exists() else None


@dataclass(frozen=True, slots=True)
class Samples:
    """Inputs as the model reads them: labelled ones to test on, unlabelled ones, mirror images included, to look at."""

    x: Floats
    y: NDArray[np.int64]
    calibration: Floats


@cache
def _cifar10(data: Path) -> Drawn:
    """The JPEG edition of CIFAR-10; of the training pictures only those that are drawn are decoded."""
    x, y = read_jpegs(data / "cifar10_jpeg_test.npz", mode="RGB")
    with np.load(data / "cifar10_jpeg_train.npz") as archive:
        blob, offsets = archive["jpeg"], archive["offset"]
    files = [blob[offsets[k] : offsets[k + 1]].tobytes() for k in _chosen(len(offsets) - 1)]
    seen = np.stack([np.asarray(Image.open(io.BytesIO(file)).convert("RGB")) for file in files])
    return Drawn(seen.transpose(0, 3, 1, 2), x.transpose(0, 3, 1, 2), y, 255.0)


def _drawn(read: Callable[[Path], Dataset]) -> Reader:
    """A reader of the samples that a data set comes down to."""

    def read_drawn(data: Path) -> Drawn:
        """Those of the data sets in a folder."""
        dataset = read(data)
        seen = dataset.x_train[_chosen(len(dataset.x_train))]
        return Drawn(seen, dataset.x_test, dataset.y_test, dataset.scale)

    return cache(read_drawn)


def _chosen(n_samples: int) -> NDArray[np.int64]:
    """Which training samples are looked at."""
    return np.random.default_rng(SEED).choice(n_samples, N_CALIBRATION, replace=False)


SUBJECTS = (
    Subject("fraud_mlp", _drawn(fraud_mlp.read), sample="fraud_mlp_test"),
    Subject("brain_cnn", _drawn(brain_cnn.read), mirror=2, sample="brain_cnn_test"),
    Subject("mnist_cnn", _drawn(mnist_cnn.read), sample="mnist_cnn_test"),
    Subject("cifar10_cnn", _cifar10, mirror=3, sample="cifar10_cnn_test"),
    Subject("mobilenet_cifar10", _cifar10, mirror=3, sample="cifar10_cnn_test", has_statistics=True),
    Subject("vit_cifar10", _cifar10, mirror=3, sample="cifar10_cnn_test"),
    Subject("cifar_resnet20.legacy_bn", _cifar10, False, "standardised", 3, "cifar10_cnn_test", has_statistics=True),
    Subject("cifar_resnet20.legacy", _cifar10, False, "standardised", 3, "cifar10_cnn_test"),
    Subject("tiny_resnet8.export_onnx", _cifar10, False, "bytes, channels last", 2, "cifar10_cnn_test"),
)


def samples(subject: Subject, data: Path | None) -> Samples:
    """Test and calibration samples of a model, out of the data sets, else out of the small samples in `models/`."""
    drawn = subject.read(data) if data else _from_sample(subject.sample)
    chosen = _fed(drawn.seen, drawn.scale, subject.feed)
    if subject.mirror is not None:
        chosen = np.concatenate([chosen, np.flip(chosen, subject.mirror)])
    return Samples(_fed(drawn.x, drawn.scale, subject.feed), drawn.y, chosen)


def _from_sample(name: str) -> Drawn:
    """The same of a sample of test data: the first are to look at, the model is tested on the others."""
    with np.load(MODELS / f"{name}.npz") as archive:
        x, y, scale = archive["x"], archive["y"], float(archive["scale"])
    return Drawn(x[:N_CALIBRATION], x[N_CALIBRATION:], y[N_CALIBRATION:], scale)


def _fed(x: NDArray[np.generic], scale: float, feed: str) -> Floats:
    """Stored samples as the model reads them."""
    if feed == "plain":
        return x.astype(np.float32) / np.float32(scale)
    if feed == "standardised":
        mean, deviation = (np.array(values, np.float32).reshape(1, 3, 1, 1) for values in (_MEAN, _DEVIATION))
        return (x.astype(np.float32) / np.float32(255) - mean) / deviation
    return np.ascontiguousarray(x.transpose(0, 2, 3, 1), np.float32)
