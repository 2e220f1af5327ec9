"""The JPEG edition of CIFAR-10, which three of the networks are trained on."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from scripts.train.dataset import Dataset, read_jpegs


def read(data_dir: Path) -> Dataset:
    """Return the JPEG edition of CIFAR-10 as (n, 3, 32, 32) pictures."""
    x_train, y_train = read_jpegs(data_dir / "cifar10_jpeg_train.npz", mode="RGB")
    x_test, y_test = read_jpegs(data_dir / "cifar10_jpeg_test.npz", mode="RGB")
    return Dataset(_channels_first(x_train), y_train, _channels_first(x_test), y_test, scale=255.0)


def _channels_first(images: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return pictures (n, height, width, 3) as (n, 3, height, width)."""
    return np.ascontiguousarray(images.transpose(0, 3, 1, 2))
