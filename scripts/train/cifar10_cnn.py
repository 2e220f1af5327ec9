"""CIFAR-10 classifier: 3x3 valid convolutions 64, 64, 128, 128, 256 with pooling, then dense 512, 128, 10."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from scripts.train.dataset import Augmentation, Dataset

if TYPE_CHECKING:
    from torch import nn

SEED = 10


def build() -> nn.Sequential:
    """Return the untrained network of 753,866 parameters; it maps (n, 3, 32, 32) to logits (n, 10)."""
    from scripts.train.torch_cnn import plain_cnn

    return plain_cnn(3)


def train(dataset: Dataset, onnx_path: Path) -> None:
    """Train the network and write it with the torch.export-based exporter."""
    from scripts.train import torch_export, torch_training

    schedule = torch_training.Schedule(
        n_epochs=20,
        batch_size=128,
        peak_learning_rate=1.5e-3,
        weight_decay=0.05,
        augmentation=Augmentation(max_shift=3, is_mirrored=True),
    )
    network = torch_training.fitted(build, dataset, schedule, seed=SEED)
    torch_export.export_dynamo(network, onnx_path, input_shape=(3, 32, 32))
