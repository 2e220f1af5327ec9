"""The data sets described in `models/README.md`, each read from its files in a folder."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from scripts.train.datasets import Dataset, read_jpegs, stratified_choice

SPLIT_SEED, TEST_RATIO, CLIP = 29, 0.3, 5.0
# grey levels of 255; re-encoded copies lie below it, neighbouring slices of one patient begin above it
COPY_DISTANCE = 2.0


def credit_cards(folder: Path) -> Dataset:
    """A fixed stratified split of the credit card rows (n, 29); class 1 is fraud."""
    table = _distinct_rows(folder / "ulb_creditcard_subset.csv.gz")
    features, labels = table[:, :-1], table[:, -1].astype(np.int64)
    features[:, -1] = np.log(features[:, -1] + 0.001)
    n_test = round(TEST_RATIO * len(labels))
    is_test = np.zeros(len(labels), dtype=bool)
    is_test[stratified_choice(labels, n_test, rng=np.random.default_rng(SPLIT_SEED))] = True
    mean, deviation = features[~is_test].mean(axis=0), features[~is_test].std(axis=0)
    x = np.clip((features - mean) / deviation, -CLIP, CLIP).astype(np.float32)
    return Dataset(x[~is_test], labels[~is_test], x[is_test], labels[is_test], scale=1.0)


def _distinct_rows(path: Path) -> NDArray[np.float64]:
    """V1..V28, Amount and Class; rows alike in all of these are kept once, so that none is on both sides."""
    with gzip.open(path, "rt") as file:
        table = np.loadtxt(file, delimiter=",", skiprows=1)
    _, first = np.unique(table[:, 1:], axis=0, return_index=True)
    return table[np.sort(first), 1:]


def brain_scans(folder: Path) -> Dataset:
    """The brain scans as grey (n, 80, 80, 1) images, without the training scans that recur in the test set."""
    x_train, y_train = read_jpegs(folder / "brain_mri_train_128.npz", mode="L", size=(80, 80))
    x_test, y_test = read_jpegs(folder / "brain_mri_test_224.npz", mode="L", size=(80, 80))
    is_new = distance_to_nearest(_thumbnails(x_train), _thumbnails(x_test)) >= COPY_DISTANCE
    return Dataset(x_train[is_new][..., np.newaxis], y_train[is_new], x_test[..., np.newaxis], y_test, scale=255.0)


def _thumbnails(scans: NDArray[np.uint8]) -> NDArray[np.float32]:
    """The scans (n, 80, 80) averaged over 4x4 pixels, flat (n, 400): alike for two encodings of one scan."""
    return scans.reshape(-1, 20, 4, 20, 4).mean(axis=(2, 4), dtype=np.float32).reshape(-1, 400)


def distance_to_nearest(rows: NDArray[np.float32], others: NDArray[np.float32]) -> NDArray[np.float32]:
    """For each row (n, width) the mean absolute difference to the nearest of `others` (m, width).

    >>> distance_to_nearest(np.array([[0.0, 4.0]]), np.array([[0.0, 0.0], [1.0, 4.0]]))
    array([0.5])
    """
    return np.min([np.abs(rows - other).mean(axis=1) for other in others], axis=0)


def mnist(folder: Path) -> Dataset:
    """MNIST as (n, 1, 28, 28) images."""
    with np.load(folder / "mnist.npz") as archive:
        x_train, x_test = (archive[name][:, np.newaxis] for name in ("x_train", "x_test"))
        y_train, y_test = (archive[name].astype(np.int64) for name in ("y_train", "y_test"))
    return Dataset(x_train, y_train, x_test, y_test, scale=255.0)


def cifar10(folder: Path, *, drawn: int = 0, seed: int = 0) -> Dataset:
    """The JPEG edition of CIFAR-10 as (n, 3, 32, 32) images; `drawn` training images, or all."""
    x_train, y_train = read_jpegs(folder / "cifar10_jpeg_train.npz", drawn=drawn, seed=seed)
    x_test, y_test = read_jpegs(folder / "cifar10_jpeg_test.npz")
    return Dataset(_channels_first(x_train), y_train, _channels_first(x_test), y_test, scale=255.0)


def _channels_first(images: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Images (n, height, width, 3) as (n, 3, height, width)."""
    return np.ascontiguousarray(images.transpose(0, 3, 1, 2))
