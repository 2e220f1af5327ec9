"""CIFAR-10 classifier of the MobileNetV2 kind: inverted residuals, depthwise convolutions, BatchNormalization kept."""

from __future__ import annotations

from pathlib import Path

from scripts.train.dataset import Augmentation, Dataset

SEED = 20


def train(dataset: Dataset, onnx_path: Path) -> None:
    """Train the network and write it with the TorchScript-based exporter; each BatchNormalization stays a node."""
    from scripts.train import torch_export, torch_training
    from scripts.train.torch_mobilenet import mobilenet

    schedule = torch_training.Schedule(
        n_epochs=18,
        batch_size=128,
        peak_learning_rate=4e-3,
        weight_decay=0.05,
        augmentation=Augmentation(max_shift=4, is_mirrored=True),
        rise_ratio=5 / 12,
        # depthwise convolutions gain nothing from bfloat16, and many short steps nothing from a second, shared core
        is_bfloat16=False,
        n_threads=1,
    )
    network = torch_training.fitted(
        mobilenet, dataset, schedule, seed=SEED, checkpoint=onnx_path.with_suffix(".checkpoint")
    )
    torch_export.export_torchscript(network, onnx_path, input_shape=(3, 32, 32), is_merged=False)
