"""The models that Keras makes: their networks, settings, training, and conversion by tf2onnx."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf
import tf2onnx
from keras import layers

from scripts.train.datasets import Augmentation, Dataset, shuffled_batches

LOGGER = logging.getLogger(__name__)
N_THREADS = 2
OPSET = 15


@dataclass(frozen=True, slots=True)
class Schedule:
    """Length and strength of a training run with a learning rate that falls along a cosine."""

    loss: str
    n_epochs: int
    batch_size: int
    peak_learning_rate: float
    weight_decay: float
    augmentation: Augmentation | None = None


def fraud_mlp(dataset: Dataset, onnx_path: Path) -> None:
    """A multi-layer perceptron 29-64-64-1 with relu and a sigmoid output; 6,145 parameters."""
    schedule = Schedule(
        loss="binary_crossentropy", n_epochs=40, batch_size=64, peak_learning_rate=1e-3, weight_decay=3.0
    )
    export(fitted(_fraud_network, dataset, schedule, seed=29), onnx_path)


def _fraud_network() -> keras.Sequential:
    """The untrained network; it maps (n, 29) to the probability of fraud (n, 1)."""
    return keras.Sequential(
        [
            keras.Input((29,), name="transaction"),
            layers.Dense(64, activation="relu"),
            layers.Dense(64, activation="relu"),
            layers.Dense(1, activation="sigmoid"),
        ]
    )


def brain_cnn(dataset: Dataset, onnx_path: Path) -> None:
    """5x5 valid convolutions 32, 64 with pooling, then dense 128, 64, 4 with softmax; 2,428,228 parameters."""
    schedule = Schedule(
        loss="sparse_categorical_crossentropy",
        n_epochs=30,
        batch_size=64,
        peak_learning_rate=1e-3,
        weight_decay=1e-2,
        augmentation=Augmentation(max_shift=4, is_mirrored=True, channel_axis=3),
    )
    export(fitted(_brain_network, dataset, schedule, seed=80), onnx_path)


def _brain_network() -> keras.Sequential:
    """The untrained network; it maps (n, 80, 80, 1) to class probabilities (n, 4)."""
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


def fitted(
    build: Callable[[], keras.Sequential], dataset: Dataset, schedule: Schedule, *, seed: int
) -> keras.Sequential:
    """The network trained on `dataset`; the same seed gives the same start and order."""
    tf.config.threading.set_intra_op_parallelism_threads(N_THREADS)
    tf.config.experimental.enable_op_determinism()
    keras.utils.set_random_seed(seed)
    network = build()
    n_steps = schedule.n_epochs * (len(dataset.y_train) // schedule.batch_size)
    cosine = keras.optimizers.schedules.CosineDecay(schedule.peak_learning_rate, decay_steps=n_steps)
    network.compile(keras.optimizers.AdamW(cosine, weight_decay=schedule.weight_decay), schedule.loss)
    rng = np.random.default_rng(seed)
    for epoch in range(schedule.n_epochs):
        started = time.monotonic()
        batches = shuffled_batches(dataset, schedule.batch_size, rng=rng, augmentation=schedule.augmentation)
        losses = [float(network.train_on_batch(x, y)) for x, y in batches]
        LOGGER.info("epoch %d: loss %.4f, %.1f s", epoch + 1, np.mean(losses), time.monotonic() - started)
    return network


def export(network: keras.Sequential, path: Path) -> None:
    """Write the network with tf2onnx, with any batch size and the channels-last layout Keras gave it."""
    entry = network.inputs[0]
    signature = [tf.TensorSpec(entry.shape, entry.dtype, name=entry.name)]
    # from_keras of tf2onnx 1.17 looks for output names that Keras 3 no longer keeps
    inference = tf.function(lambda x: network(x, training=False), input_signature=signature)
    tf2onnx.convert.from_function(inference, input_signature=signature, opset=OPSET, output_path=path)
