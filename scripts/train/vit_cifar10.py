"""CIFAR-10 classifier of the vision transformer kind: 64 patches, 4 blocks of 4 heads, width 128."""

from __future__ import annotations

from pathlib import Path

from scripts.train.dataset import Augmentation, Dataset

SEED = 40


def train(dataset: Dataset, onnx_path: Path) -> None:
    """Train the network and write it with the TorchScript-based exporter."""
    from scripts.train import torch_export, torch_training
    from scripts.train.torch_vit import VisionTransformer

    schedule = torch_training.Schedule(
        n_epochs=16,
        batch_size=128,
        peak_learning_rate=1.5e-3,
        weight_decay=0.05,
        augmentation=Augmentation(max_shift=4, is_mirrored=True),
        # on 20,000 pictures, held-out accuracy was higher after 2 epochs with it than after 3 with AdamW alone
        muon=torch_training.Muon(prefix="blocks.", peak_learning_rate=0.02),
        n_threads=1,
    )
    network = torch_training.fitted(
        VisionTransformer, dataset, schedule, seed=SEED, checkpoint=onnx_path.with_suffix(".checkpoint")
    )
    torch_export.export_torchscript(network, onnx_path, input_shape=(3, 32, 32))
