"""MNIST classifier: 3x3 valid convolutions 64, 64, 128, 128, 256, BatchNormalization, then dense 512, 128, 10."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from scripts.train.dataset import Augmentation, Dataset

if TYPE_CHECKING:
    from torch import nn

SEED = 3


def read(data_dir: Path) -> Dataset:
    """Return MNIST as (n, 1, 28, 28) pictures."""
    with np.load(data_dir / "mnist.npz") as archive:
        return Dataset(
            x_train=archive["x_train"][:, np.newaxis],
            y_train=archive["y_train"].astype(np.int64),
            x_test=archive["x_test"][:, np.newaxis],
            y_test=archive["y_test"].astype(np.int64),
            scale=255.0,
        )


def build() -> nn.Sequential:
    """Return the untrained network of 753,738 parameters; it maps (n, 1, 28, 28) to logits (n, 10)."""
    from scripts.train.torch_cnn import plain_cnn

    return plain_cnn(1, is_normalised=True, dropout=0.25)


def train(dataset: Dataset, onnx_path: Path) -> None:
    """Train the network and write it with the TorchScript-based exporter."""
    from scripts.train import torch_export, torch_training

    schedule = torch_training.Schedule(
        n_epochs=5,
        batch_size=128,
        peak_learning_rate=1.5e-3,
        weight_decay=0.05,
        augmentation=Augmentation(max_shift=2, is_mirrored=False),
    )
    network = torch_training.fitted(build, dataset, schedule, seed=SEED)
    torch_export.export_torchscript(network, onnx_path, input_shape=(1, 28, 28))
