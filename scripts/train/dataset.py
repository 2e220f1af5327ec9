"""The labelled data one application is trained and tested on; knows no training framework."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image


@dataclass(frozen=True, slots=True)
class Dataset:
    """Training and test samples, stored in the layout of the model input; `x / scale` is what the model reads.

    `x_*` are uint8 pictures or float32 rows of shape (n_samples, ...), `y_*` int64 classes of shape (n_samples,).
    """

    x_train: NDArray[np.uint8] | NDArray[np.float32]
    y_train: NDArray[np.int64]
    x_test: NDArray[np.uint8] | NDArray[np.float32]
    y_test: NDArray[np.int64]
    scale: float


@dataclass(frozen=True, slots=True)
class Augmentation:
    """How far training pictures are moved, whether half of them are mirrored, and where their channels are.

    `max_shift` is in pixels; `channel_axis` is 1 for pictures (n, channel, height, width), 3 for channels last.
    """

    max_shift: int
    is_mirrored: bool
    channel_axis: int = 1


def read_jpegs(
    path: Path, *, mode: str, size: tuple[int, int] | None = None
) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Return the pictures (n, height, width[, 3]) and labels (n,) of an archive of concatenated JPEG files.

    `mode` is a Pillow mode ("L" or "RGB"); `size` is (width, height), None keeps the stored one.
    """
    with np.load(path) as archive:
        blob, offsets, labels = archive["jpeg"].tobytes(), archive["offset"], archive["label"]
    images = [_decode(blob[start:stop], mode=mode, size=size) for start, stop in pairwise(offsets)]
    return np.stack(images), labels.astype(np.int64)


def _decode(jpeg: bytes, *, mode: str, size: tuple[int, int] | None) -> NDArray[np.uint8]:
    """Return one picture (height, width[, 3])."""
    image = Image.open(io.BytesIO(jpeg)).convert(mode)
    return np.asarray(image.resize(size, Image.Resampling.BILINEAR) if size else image)


def stratified_choice(labels: NDArray[np.int64], n_chosen: int, *, rng: np.random.Generator) -> NDArray[np.int64]:
    """Return `n_chosen` ascending indices in which every class has its share of `labels`, to within one sample."""
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
        yield x.astype(np.float32) / np.float32(dataset.scale), dataset.y_train[chosen]


def augmented(
    images: NDArray[np.generic], augmentation: Augmentation, *, rng: np.random.Generator
) -> NDArray[np.generic]:
    """Return the pictures in the same layout, each moved at random over a black border, perhaps mirrored."""
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
