"""Brain tumour classifier: 5x5 valid convolutions 32, 64 with pooling, then dense 128, 64, 4 with softmax."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from scripts.train.dataset import Augmentation, Dataset, read_jpegs

if TYPE_CHECKING:
    import keras

SEED = 80
# grey levels of 255; re-encoded copies lie below it, neighbouring slices of one patient begin above it
COPY_DISTANCE = 2.0


def read(data_dir: Path) -> Dataset:
    """Return the brain scans as grey (n, 80, 80, 1) pictures, without the training scans that recur in the test set."""
    x_train, y_train = read_jpegs(data_dir / "brain_mri_train_128.npz", mode="L", size=(80, 80))
    x_test, y_test = read_jpegs(data_dir / "brain_mri_test_224.npz", mode="L", size=(80, 80))
    is_new = distance_to_nearest(_thumbnails(x_train), _thumbnails(x_test)) >= COPY_DISTANCE
    return Dataset(x_train[is_new][..., np.newaxis], y_train[is_new], x_test[..., np.newaxis], y_test, scale=255.0)


def _thumbnails(scans: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return the scans (n, 80, 80) averaged over 4x4 pixels, flat (n, 400): alike for two encodings of one scan."""
    return scans.reshape(-1, 20, 4, 20, 4).mean(axis=(2, 4), dtype=np.float32).reshape(-1, 400)


def distance_to_nearest(rows: NDArray[np.float32], others: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return for each row (n, width) the mean absolute difference to the nearest of `others` (m, width).

    >>> distance_to_nearest(np.array([[0.0, 4.0]]), np.array([[0.0, 0.0], [1.0, 4.0]]))
    array([0.5])
    """
    return np.min([np.abs(rows - other).mean(axis=1) for other in others], axis=0)


def build() -> keras.Sequential:
    """Return the untrained network of 2,428,228 parameters; it maps (n, 80, 80, 1) to class probabilities (n, 4)."""
    import keras
    from keras import layers

    return keras.Sequential(
        [
            keras.Input((80, 80, 1), name="scan"),
            layers.Conv2D(32, 5, activation="relu"),
            layers.MaxPooling2D(),
            layers.Conv2D(64, 5, activation="relu"),
            layers.MaxPooling2D(),
            layers.Flatten(),
            layers.Dense(128, activation="relu"),
            layers.Dense(64, activation="relu"),
            layers.Dense(4, activation="softmax"),
        ]
    )


def train(dataset: Dataset, onnx_path: Path) -> None:
    """Train the network and write it with tf2onnx."""
    from scripts.train import keras_training

    schedule = keras_training.Schedule(
        loss="sparse_categorical_crossentropy",
        n_epochs=30,
        batch_size=64,
        peak_learning_rate=1e-3,
        weight_decay=1e-2,
        augmentation=Augmentation(max_shift=4, is_mirrored=True, channel_axis=3),
    )
    keras_training.export(keras_training.fitted(build, dataset, schedule, seed=SEED), onnx_path)
