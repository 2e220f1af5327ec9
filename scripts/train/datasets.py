"""Labelled samples to train and test on, and how batches are drawn from them; knows no training framework."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Dataset:
    """Training and test samples, stored in the layout of the model input; `x / scale` is what the model reads.

    `x_*` are uint8 images or float32 rows of shape (n_samples, ...), `y_*` int64 classes of shape (n_samples,).
    """

    x_train: NDArray[np.uint8] | NDArray[np.float32]
    y_train: NDArray[np.int64]
    x_test: NDArray[np.uint8] | NDArray[np.float32]
    y_test: NDArray[np.int64]
    scale: float


@dataclass(frozen=True, slots=True)
class Augmentation:
    """How far training images are moved, whether half of them are mirrored, and where their channels are.

    `max_shift` is in pixels; `channel_axis` is 1 for images (n, channel, height, width), 3 for channels last.
    """

    max_shift: int
    is_mirrored: bool
    channel_axis: int = 1


def read_sample(path: Path, *, n_train: int = 0) -> Dataset:
    """The samples that stand beside a model in `models/`: for testing, but for the first `n_train`."""
    with np.load(path) as archive:
        x, y, scale = archive["x"], archive["y"], float(archive["scale"])
    return Dataset(x[:n_train], y[:n_train], x[n_train:], y[n_train:], scale)


def model_input(x: NDArray[np.generic], scale: float) -> NDArray[np.float32]:
    """Stored samples in the range that the model reads."""
    return x.astype(np.float32) / np.float32(scale)


def read_jpegs(
    path: Path, *, mode: str = "RGB", size: tuple[int, int] | None = None, drawn: int = 0, seed: int = 0
) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Images (n, height, width[, 3]) and labels (n,) of an archive of concatenated JPEG files; needs Pillow.

    `mode` is a Pillow mode ("L" or "RGB"); `size` is (width, height), `None` keeps the stored one. `drawn` of them are
    read, drawn at random; 0 for all.
    """
    with np.load(path) as archive:
        blob, offsets, labels = archive["jpeg"].tobytes(), archive["offset"], archive["label"].astype(np.int64)
    chosen = drawn_rows(len(labels), drawn, seed) if drawn else np.arange(len(labels))
    images = [_decode(blob[offsets[k] : offsets[k + 1]], mode=mode, size=size) for k in chosen]
    return np.stack(images), labels[chosen]


def drawn_rows(n_samples: int, n_drawn: int, seed: int) -> NDArray[np.int64]:
    """Numbers of `n_drawn` samples drawn at random."""
    return np.random.default_rng(seed).choice(n_samples, n_drawn, replace=False)


def _decode(jpeg: bytes, *, mode: str, size: tuple[int, int] | None) -> NDArray[np.uint8]:
    """One image (height, width[, 3])."""
    from PIL import Image

    image = Image.open(io.BytesIO(jpeg)).convert(mode)
    return np.asarray(image.resize(size, Image.Resampling.BILINEAR) if size else image)


def stratified_choice(labels: NDArray[np.int64], n_chosen: int, *, rng: np.random.Generator) -> NDArray[np.int64]:
    """`n_chosen` ascending indices in which every class has its share of `labels`, to within one sample."""
    quantile = np.empty(len(labels))
    for label in np.unique(labels):
        members = np.flatnonzero(labels == label)
        quantile[rng.permutation(members)] = (np.arange(len(members)) + 0.5) / len(members)
    return np.sort(np.argsort(quantile, kind="stable")[:n_chosen])


def shuffled_batches(
    dataset: Dataset, batch_size: int, *, rng: np.random.Generator, augmentation: Augmentation | None = None
) -> Iterator[tuple[NDArray[np.float32], NDArray[np.int64]]]:
    """Yield one epoch of full batches in random order, scaled to the range the model reads."""
    order = rng.permutation(len(dataset.y_train))
    for start in range(0, len(order) - batch_size + 1, batch_size):
        chosen = order[start : start + batch_size]
        x = dataset.x_train[chosen]
        if augmentation:
            x = augmented(x, augmentation, rng=rng)
        yield model_input(x, dataset.scale), dataset.y_train[chosen]


def augmented(
    images: NDArray[np.generic], augmentation: Augmentation, *, rng: np.random.Generator
) -> NDArray[np.generic]:
    """The images in the same layout, each moved at random over a black border, perhaps mirrored."""
    planes = np.moveaxis(images, augmentation.channel_axis, 1)
    n, _, height, width = planes.shape
    border = augmentation.max_shift
    bordered = np.pad(planes, ((0, 0), (0, 0), (border, border), (border, border)))
    windows = np.lib.stride_tricks.sliding_window_view(bordered, (height, width), axis=(2, 3))
    top, left = rng.integers(0, 2 * border + 1, size=(2, n))
    moved = windows[np.arange(n), :, top, left]
    if augmentation.is_mirrored:
        mirrored = rng.random(n) < 0.5
        moved[mirrored] = moved[mirrored, ..., ::-1]
    return np.moveaxis(moved, 1, augmentation.channel_axis)
