"""Credit card fraud detector: a multi-layer perceptron 29-64-64-1 with relu and a sigmoid output."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from scripts.train.dataset import Dataset, stratified_choice

if TYPE_CHECKING:
    import keras

SEED = 29
TEST_RATIO = 0.3
CLIP = 5.0


def read(data_dir: Path) -> Dataset:
    """Return a fixed stratified split of the credit card rows (n, 29); class 1 is fraud."""
    table = _distinct_rows(data_dir / "ulb_creditcard_subset.csv.gz")
    features, labels = table[:, :-1], table[:, -1].astype(np.int64)
    features[:, -1] = np.log(features[:, -1] + 0.001)
    n_test = round(TEST_RATIO * len(labels))
    is_test = np.zeros(len(labels), dtype=bool)
    is_test[stratified_choice(labels, n_test, rng=np.random.default_rng(SEED))] = True
    x = _standardised(features, mean=features[~is_test].mean(axis=0), deviation=features[~is_test].std(axis=0))
    return Dataset(x[~is_test], labels[~is_test], x[is_test], labels[is_test], scale=1.0)


def _distinct_rows(path: Path) -> NDArray[np.float64]:
    """Return V1..V28, Amount and Class; rows alike in all of these are kept once, so that none is on both sides."""
    with gzip.open(path, "rt") as file:
        table = np.loadtxt(file, delimiter=",", skiprows=1)
    _, first = np.unique(table[:, 1:], axis=0, return_index=True)
    return table[np.sort(first), 1:]


def _standardised(
    features: NDArray[np.float64], *, mean: NDArray[np.float64], deviation: NDArray[np.float64]
) -> NDArray[np.float32]:
    """Return features (n, n_features) in deviations from the mean, at most `CLIP` of them."""
    return np.clip((features - mean) / deviation, -CLIP, CLIP).astype(np.float32)


def build() -> keras.Sequential:
    """Return the untrained network of 6,145 parameters; it maps (n, 29) to the probability of fraud (n, 1)."""
    import keras
    from keras import layers

    return keras.Sequential(
        [
            keras.Input((29,), name="transaction"),
            layers.Dense(64, activation="relu"),
            layers.Dense(64, activation="relu"),
            layers.Dense(1, activation="sigmoid"),
        ]
    )


def train(dataset: Dataset, onnx_path: Path) -> None:
    """Train the network and write it with tf2onnx."""
    from scripts.train import keras_training

    schedule = keras_training.Schedule(
        loss="binary_crossentropy", n_epochs=40, batch_size=64, peak_learning_rate=1e-3, weight_decay=3.0
    )
    keras_training.export(keras_training.fitted(build, dataset, schedule, seed=SEED), onnx_path)
