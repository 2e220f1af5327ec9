"""The models that are measured, each with samples to test on, and other samples, without labels, to calibrate on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from scripts import MODELS
from scripts.train import readers
from scripts.train.datasets import Dataset, drawn_rows, model_input, read_sample

N_CALIBRATION = 128
SEED = 0
_MEAN, _DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)

Floats = NDArray[np.float32]
Reader = Callable[[Path, int], Dataset]
"""Reads a data set out of a folder, of images that are costly to decode only so many training samples."""


@dataclass(frozen=True, slots=True)
class Subject:
    """A model: its name, whose it is, how its data is read and fed, and the axis along which images are mirrored.

    `sample` is the file in `models/` that stands in for the data. Models that kept their BatchNormalization have
    statistics of their training data.
    """

    name: str
    read: Reader
    sample: str
    is_ours: bool = True
    feed: str = "plain"
    mirror: int | None = None
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
def _cifar10(folder: Path, drawn: int) -> Dataset:
    """The JPEG edition of CIFAR-10; only those training images that are looked at."""
    return readers.cifar10(folder, drawn=drawn, seed=SEED)


def _whole(read: Callable[[Path], Dataset]) -> Reader:
    """A reader of all training samples."""
    known = cache(read)
    return lambda folder, _drawn: known(folder)


_fraud, _brain, _mnist = _whole(readers.credit_cards), _whole(readers.brain_scans), _whole(readers.mnist)
SUBJECTS = (
    Subject("fraud_mlp", _fraud, "fraud_mlp_test"),
    Subject("brain_cnn", _brain, "brain_cnn_test", mirror=2),
    Subject("mnist_cnn", _mnist, "mnist_cnn_test"),
    Subject("cifar10_cnn", _cifar10, "cifar10_cnn_test", mirror=3),
    Subject("mobilenet_cifar10", _cifar10, "cifar10_cnn_test", mirror=3, has_statistics=True),
    Subject("vit_cifar10", _cifar10, "cifar10_cnn_test", mirror=3),
    Subject("cifar_resnet20.legacy_bn", _cifar10, "cifar10_cnn_test", False, "standardised", 3, has_statistics=True),
    Subject("cifar_resnet20.legacy", _cifar10, "cifar10_cnn_test", False, "standardised", 3),
    Subject("tiny_resnet8.export_onnx", _cifar10, "cifar10_cnn_test", False, "bytes, channels last", 2),
)


def samples(subject: Subject, data: Path | None, count: int = N_CALIBRATION) -> Samples:
    """Test samples of a model, and `count` to calibrate on: of the data sets, else of the few samples in `models/`."""
    if data is None:
        dataset = read_sample(MODELS / f"{subject.sample}.npz", n_train=count)
    else:
        dataset = subject.read(data, count)
    n_seen, seen = len(dataset.x_train), dataset.x_train
    if n_seen > count:
        seen = seen[drawn_rows(n_seen, count, SEED)]
    chosen = _fed(seen, dataset.scale, subject.feed)
    if subject.mirror is not None:
        chosen = np.concatenate([chosen, np.flip(chosen, subject.mirror)])
    return Samples(_fed(dataset.x_test, dataset.scale, subject.feed), dataset.y_test, chosen)


def _fed(x: NDArray[np.generic], scale: float, feed: str) -> Floats:
    """Stored samples as the model reads them."""
    if feed == "plain":
        return model_input(x, scale)
    if feed == "standardised":
        mean, deviation = (np.array(values, np.float32).reshape(1, 3, 1, 1) for values in (_MEAN, _DEVIATION))
        return (model_input(x, scale) - mean) / deviation
    return np.ascontiguousarray(x.transpose(0, 2, 3, 1), np.float32)
