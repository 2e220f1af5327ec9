"""CIFAR-10 classifier: 3x3 valid convolutions 64, 64, 128, 128, 256 with pooling, then dense 512, 128, 10."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from training.dataset import Augmentation
from training.dataset import Dataset
from training.dataset import read_jpegs

if TYPE_CHECKING:
    from torch import nn

SEED = 10


def read(data_dir: Path) -> Dataset:
    """Return the JPEG edition of CIFAR-10 as (n, 3, 32, 32) pictures."""
    x_train, y_train = read_jpegs(data_dir / "cifar10_jpeg_train.npz", mode="RGB")
    x_test, y_test = read_jpegs(data_dir / "cifar10_jpeg_test.npz", mode="RGB")
    return Dataset(_channels_first(x_train), y_train, _channels_first(x_test), y_test, scale=255.0)


def _channels_first(pictures: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return np.ascontiguousarray(pictures.transpose(0, 3, 1, 2))


def build() -> nn.Sequential:
    """Return the untrained network of 753,866 parameters; it maps (n, 3, 32, 32) to logits (n, 10)."""
    from torch import nn

    return nn.Sequential(
        nn.Conv2d(3, 64, 3),
        nn.ReLU(),
        nn.Conv2d(64, 64, 3),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(64, 128, 3),
        nn.ReLU(),
        nn.Conv2d(128, 128, 3),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(128, 256, 3),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Linear(256, 512),
        nn.ReLU(),
        nn.Linear(512, 128),
        nn.ReLU(),
        nn.Linear(128, 10),
    )


def train(dataset: Dataset, onnx_path: Path) -> None:
    """Train the network and write it with the torch.export-based exporter."""
    from training import torch_training

    schedule = torch_training.Schedule(
        n_epochs=20,
        batch_size=128,
        peak_learning_rate=1.5e-3,
        weight_decay=0.05,
        augmentation=Augmentation(max_shift=3, is_mirrored=True),
    )
    network = torch_training.fitted(build, dataset, schedule, seed=SEED)
    torch_training.export_dynamo(network, onnx_path, input_shape=(3, 32, 32))
