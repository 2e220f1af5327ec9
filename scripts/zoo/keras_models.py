"""Keras applications and recurrent networks through tf2onnx; needs an environment with tensorflow."""

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

from zoo.entry import SEED
from zoo.entry import Entry
from zoo.entry import require_size

OPSET = 17
SIDE = 128
APPLICATIONS = """
MobileNet MobileNetV2 MobileNetV3Small MobileNetV3Large EfficientNetB0 EfficientNetV2B0 NASNetMobile DenseNet121
ResNet50 ResNet50V2 Xception InceptionV3 ConvNeXtTiny InceptionResNetV2 DenseNet169 EfficientNetB3 EfficientNetV2S
ResNet101 ResNet101V2 NASNetLarge VGG16 VGG19
"""


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
