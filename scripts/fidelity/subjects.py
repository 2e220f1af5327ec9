"""The models that are measured, each with test samples, and unlabelled samples to calibrate on, that it was not tested on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from training import brain_cnn
from training import cifar10
from training import fraud_mlp
from training import mnist_cnn
from training.dataset import Dataset

N_CALIBRATION = 128
SEED = 0
MODELS = Path(__file__).parent.parent.parent / "models"
_MEAN, _DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)

Floats = NDArray[np.float32]
Reader = Callable[[Path], Dataset]


@dataclass(frozen=True, slots=True)
class Subject:
    """A model: its name, whose it is, how its data is read and fed, and the axis along which pictures are mirrored.

    `sample` is the file in `models/` that stands in for the data, if there is one.
    """

    name: str
    read: Reader
    is_ours: bool = True
    feed: str = "plain"
    mirror: int | None = None
    sample: str = ""

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


SUBJECTS = (
    Subject("fraud_mlp", fraud_mlp.read, sample="fraud_mlp_test"),
    Subject("brain_cnn", brain_cnn.read, mirror=2, sample="brain_cnn_test"),
    Subject("mnist_cnn", mnist_cnn.read, sample="mnist_cnn_test"),
    Subject("cifar10_cnn", cifar10.read, mirror=3, sample="cifar10_cnn_test"),
    Subject("mobilenet_cifar10", cifar10.read, mirror=3, sample="cifar10_cnn_test"),
    Subject("vit_cifar10", cifar10.read, mirror=3, sample="cifar10_cnn_test"),
    Subject("cifar_resnet20.legacy_bn", cifar10.read, False, "standardised", 3, "cifar10_cnn_test"),
    Subject("cifar_resnet20.legacy", cifar10.read, False, "standardised", 3, "cifar10_cnn_test"),
    Subject("tiny_resnet8.export_onnx", cifar10.read, False, "bytes, channels last", 2, "cifar10_cnn_test"),
)


def samples(subject: Subject, data: Path | None) -> Samples:
    """Test and calibration samples of a model, out of the data sets, else out of the small samples in `models/`."""
    seen, x, y, scale = _from_data(subject.read, data) if data else _from_sample(subject.sample)
    chosen = _fed(seen, scale, subject.feed)
    if subject.mirror is not None:
        chosen = np.concatenate([chosen, np.flip(chosen, subject.mirror)])
    return Samples(_fed(x, scale, subject.feed), y, chosen)


@cache
def _from_data(read: Reader, data: Path) -> tuple[NDArray[np.generic], NDArray[np.generic], NDArray[np.int64], float]:
    """Training samples to look at, drawn at random, and all test samples with their labels; then the scale."""
    dataset = read(data)
    chosen = np.random.default_rng(SEED).choice(len(dataset.x_train), N_CALIBRATION, replace=False)
    return dataset.x_train[chosen], dataset.x_test, dataset.y_test, dataset.scale


def _from_sample(name: str) -> tuple[NDArray[np.generic], NDArray[np.generic], NDArray[np.int64], float]:
    """The same of a sample of test data: the first are to look at, the model is tested on the others."""
    with np.load(MODELS / f"{name}.npz") as archive:
        x, y, scale = archive["x"], archive["y"], float(archive["scale"])
    return x[:N_CALIBRATION], x[N_CALIBRATION:], y[N_CALIBRATION:], scale


def _fed(x: NDArray[np.generic], scale: float, feed: str) -> Floats:
    """Stored samples as the model reads them."""
    if feed == "plain":
        return x.astype(np.float32) / np.float32(scale)
    if feed == "standardised":
        mean, deviation = (np.array(values, np.float32).reshape(1, 3, 1, 1) for values in (_MEAN, _DEVIATION))
        return (x.astype(np.float32) / np.float32(255) - mean) / deviation
    return np.ascontiguousarray(x.transpose(0, 2, 3, 1), np.float32)
