"""Keras applications, small models and recurrent networks through tf2onnx; needs an environment with tensorflow."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

import keras
import numpy as np
import onnxruntime
import tensorflow as tf
import tf2onnx
from keras import layers
from keras.src.applications import efficientnet, nasnet

from scripts.zoo.entry import SEED, Entry, require_size

OPSET = 17
SIDE = 128
APPLICATIONS = """
MobileNet MobileNetV2 MobileNetV3Small MobileNetV3Large EfficientNetB0 EfficientNetV2B0 NASNetMobile DenseNet121
ResNet50 ResNet50V2 Xception InceptionV3 InceptionResNetV2 DenseNet169 EfficientNetB3 EfficientNetV2S
ResNet101 ResNet101V2 NASNetLarge VGG16 VGG19
"""
"""Not ConvNeXt: tf2onnx leaves an operator of TensorFlow where its GELU stands."""


def catalogue() -> tuple[Entry, ...]:
    """All entries."""
    recurrent = [(name, cell, both) for name, cell in _CELLS.items() for both in (False, True)]
    return (
        *(
            Entry(f"keras_{name}{'_bi' if both else ''}.tf2onnx", _writer(lambda c=cell, b=both: _recurrent(c, b)))
            for name, cell, both in recurrent
        ),
        *(
            Entry(f"keras_{name}.tf2onnx", _writer(lambda name=name: _application(name)))
            for name in APPLICATIONS.split()
        ),
        *(Entry(f"keras_{name}.tf2onnx", _writer(make)) for name, make in _SMALL.items()),
    )


_CELLS: dict[str, Callable[..., layers.Layer]] = {
    "lstm": layers.LSTM,
    "gru": layers.GRU,
    "rnn": layers.SimpleRNN,
    "lstm_unrolled": partial(layers.LSTM, unroll=True),
    "gru_unrolled": partial(layers.GRU, unroll=True),
}


def _application(name: str) -> keras.Model:
    return getattr(keras.applications, name)(weights=None, input_shape=(SIDE, SIDE, 3), classes=100)


def _recurrent(cell: Callable[..., layers.Layer], both: bool) -> keras.Model:
    first, second = cell(48, return_sequences=True), cell(32)
    wrap = layers.Bidirectional if both else (lambda layer: layer)
    steps = [layers.Dense(40, activation="relu"), wrap(first), wrap(second), layers.Dense(24, activation="tanh")]
    return keras.Sequential([keras.Input((12, 20)), *steps, layers.Dense(5, activation="softmax")])


def _nasnet() -> keras.Model:
    """NASNet with one cell of each kind at each scale."""
    sizes = {"input_shape": (32, 32, 3), "penultimate_filters": 96, "num_blocks": 1, "stem_block_filters": 8}
    return nasnet.NASNet(**sizes, weights=None, classes=7, default_size=32)


def _efficientnet() -> keras.Model:
    """EfficientNet at a third of the width and depth of B0."""
    sizes = {"width_coefficient": 0.35, "depth_coefficient": 0.4, "default_size": 32, "input_shape": (32, 32, 3)}
    return efficientnet.EfficientNet(**sizes, weights=None, classes=7, name="small")


def _reader() -> keras.Model:
    """Words and their positions through attention and two dense layers, twice."""
    words = keras.Input((16,))
    rows = layers.Embedding(120, 48)(words)
    for _ in range(2):
        mixed = layers.MultiHeadAttention(4, 12)(rows, rows)
        rows = layers.LayerNormalization()(layers.Add()([rows, mixed]))
        data_dependent = layers.Dense(48)(layers.Dense(96, activation="swish")(rows))
        rows = layers.LayerNormalization()(layers.Add()([rows, data_dependent]))
    return keras.Model(words, layers.Dense(7)(layers.GlobalAveragePooling1D()(rows)))


def _unet() -> keras.Model:
    """Down by separable convolutions, up by transposed ones, with skips."""
    image = keras.Input((32, 32, 3))
    first = layers.Conv2D(16, 3, padding="same", activation="relu")(image)
    second = layers.SeparableConv2D(32, 3, 2, padding="same", activation="relu")(first)
    third = layers.BatchNormalization()(layers.SeparableConv2D(48, 3, 2, padding="same", activation="relu")(second))
    up = layers.Concatenate()([layers.Conv2DTranspose(32, 2, 2, activation="relu")(third), second])
    up = layers.Conv2D(24, 3, padding="same", activation="relu")(up)
    up = layers.Concatenate()([layers.UpSampling2D(interpolation="bilinear")(up), first])
    return keras.Model(image, layers.Conv2D(5, 1)(layers.PReLU(shared_axes=[1, 2])(up)))


class _Mixing(layers.Layer):
    """A cell of one's own: a hidden layer for what is new, added to what is kept."""

    def __init__(self, units: int, **more: object) -> None:
        super().__init__(**more)
        self.state_size = units
        self.first, self.second = layers.Dense(2 * units, activation="relu"), layers.Dense(units)
        self.kept = layers.Dense(units, use_bias=False)

    def call(self, inputs: tf.Tensor, states: list[tf.Tensor]) -> tuple[tf.Tensor, list]:
        """One step."""
        made = tf.tanh(self.second(self.first(inputs)) + self.kept(states[0]))
        return made, [made]


def _cells() -> keras.Model:
    """Cells in a stack, of Keras and of one's own, in loops that no exporter knows by name."""
    steps = [layers.RNN([layers.LSTMCell(40), layers.GRUCell(32)], return_sequences=True), layers.RNN(_Mixing(24))]
    return keras.Sequential([keras.Input((12, 20)), layers.Dense(40, activation="relu"), *steps, layers.Dense(5)])


def _conv_lstm() -> keras.Model:
    """Frames through convolutions with a state."""
    steps = [layers.ConvLSTM2D(16, 3, padding="same", return_sequences=True), layers.ConvLSTM2D(12, 3)]
    return keras.Sequential([keras.Input((6, 16, 16, 3)), *steps, layers.Flatten(), layers.Dense(5)])


def _masked() -> keras.Model:
    """A recurrent layer that leaves out steps of zeros."""
    steps = [layers.Masking(), layers.LSTM(48, return_sequences=True), layers.GRU(32)]
    return keras.Sequential([keras.Input((12, 20)), *steps, layers.Dense(5)])


_SMALL: dict[str, Callable[[], keras.Model]] = {
    "small_nasnet": _nasnet,
    "small_efficientnet": _efficientnet,
    "small_reader": _reader,
    "small_unet": _unet,
    "cells": _cells,
    "conv_lstm": _conv_lstm,
    "masked": _masked,
}


def _writer(make: Callable[[], keras.Model]) -> Callable[[Path, bool], str]:
    def write(path: Path, big: bool) -> str:
        keras.utils.set_random_seed(SEED)
        model = make()
        n_bytes = 4 * model.count_params()
        require_size(n_bytes, big=big)
        _randomise(model)
        signature = [tf.TensorSpec((1, *model.inputs[0].shape[1:]), tf.float32, name="x")]
        function = tf.function(lambda x: model(x, training=False), input_signature=signature)
        tf2onnx.convert.from_function(function, signature, opset=OPSET, output_path=str(path))
        onnxruntime.InferenceSession(path)  # fails where a TensorFlow operator is left in the graph
        return f"{n_bytes / 4e6:.1f} M parameters, input {'x'.join(map(str, signature[0].shape))}"

    return write


def _randomise(model: keras.Model) -> None:
    """Replace every variable that is one constant, so that nothing hides behind mean 0 and variance 1."""
    rng = np.random.default_rng(SEED)
    for weight in model.weights:
        value = weight.numpy()
        if value.dtype.kind != "f" or value.size < 2 or value.min() != value.max():
            continue
        is_shift = any(word in weight.path.rsplit("/")[-1] for word in ("bias", "beta", "mean"))
        weight.assign(rng.normal(0, 0.1, value.shape) if is_shift else rng.uniform(0.5, 1.5, value.shape))
