"""The models that PyTorch makes: their networks, settings and exporters. One function each, named like the model."""

from __future__ import annotations

from pathlib import Path

from scripts.train.datasets import Augmentation, Dataset
from scripts.train.torch_cnn import plain_cnn
from scripts.train.torch_export import export_dynamo, export_torchscript
from scripts.train.torch_mobilenet import mobilenet
from scripts.train.torch_training import Muon, Schedule, fitted
from scripts.train.torch_vit import VisionTransformer


def mnist_cnn(dataset: Dataset, onnx_path: Path) -> None:
    """3x3 valid convolutions 64, 64, 128, 128, 256, BatchNormalization, dense 512, 128, 10; 753,738 parameters."""
    schedule = Schedule(n_epochs=5, augmentation=Augmentation(max_shift=2, is_mirrored=False))
    network = fitted(lambda: plain_cnn(1, is_normalised=True, dropout=0.25), dataset, schedule, seed=3)
    export_torchscript(network, onnx_path, input_shape=(1, 28, 28))


def cifar10_cnn(dataset: Dataset, onnx_path: Path) -> None:
    """3x3 valid convolutions 64, 64, 128, 128, 256 with pooling, dense 512, 128, 10; 753,866 parameters."""
    schedule = Schedule(n_epochs=20, augmentation=Augmentation(max_shift=3, is_mirrored=True))
    export_dynamo(fitted(lambda: plain_cnn(3), dataset, schedule, seed=10), onnx_path, input_shape=(3, 32, 32))


def mobilenet_cifar10(dataset: Dataset, onnx_path: Path) -> None:
    """The MobileNetV2 kind: inverted residuals, depthwise convolutions; each BatchNormalization stays a node."""
    schedule = Schedule(
        n_epochs=18,
        augmentation=Augmentation(max_shift=4, is_mirrored=True),
        peak_learning_rate=4e-3,
        rise_ratio=5 / 12,
        # depthwise convolutions gain nothing from bfloat16, and many short steps nothing from a second, shared core
        is_bfloat16=False,
        n_threads=1,
    )
    network = fitted(mobilenet, dataset, schedule, seed=20, checkpoint=onnx_path.with_suffix(".checkpoint"))
    export_torchscript(network, onnx_path, input_shape=(3, 32, 32), is_merged=False)


def vit_cifar10(dataset: Dataset, onnx_path: Path) -> None:
    """The vision transformer kind: 64 patches, 4 blocks of 4 heads, width 128."""
    schedule = Schedule(
        n_epochs=16,
        augmentation=Augmentation(max_shift=4, is_mirrored=True),
        # on 20,000 images, held-out accuracy was higher after 2 epochs with it than after 3 with AdamW alone
        muon=Muon(prefix="blocks.", peak_learning_rate=0.02),
        n_threads=1,
    )
    network = fitted(VisionTransformer, dataset, schedule, seed=40, checkpoint=onnx_path.with_suffix(".checkpoint"))
    export_torchscript(network, onnx_path, input_shape=(3, 32, 32))
