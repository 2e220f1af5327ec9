"""Training of Keras networks and their conversion by tf2onnx; knows no particular application."""

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

from scripts.train.dataset import Augmentation, Dataset, shuffled_batches

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


def fitted(
    build: Callable[[], keras.Sequential], dataset: Dataset, schedule: Schedule, *, seed: int
) -> keras.Sequential:
    """Return the network trained on `dataset`; the same seed gives the same start and order."""
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
