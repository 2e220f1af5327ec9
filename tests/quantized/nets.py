"""Networks quantized by onnxruntime's quantizer, for tests."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import onnx

from paoding_onnx.model.load import Model, load
from paoding_onnx.model.nodes import Array
from tests.models import parse, save

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from onnxruntime.quantization import (
        CalibrationDataReader,
        QuantFormat,
        QuantType,
        quantize_dynamic,
        quantize_static,
    )

RESIDUAL = """g (float[N,3,8,8] x) => (float[N,5] y)
    <float[8,3,3,3] a, float[8] ab, float[6,8,3,3] b, float[6] bb, float[8,6,1,1] c, float[8] cb, float[8,5] d> {
  [stem] p = Conv <pads=[1,1,1,1]> (x, a, ab) q = Relu (p)
  [inner] r = Conv <pads=[1,1,1,1]> (q, b, bb) s = Relu (r)
  [outer] t = Conv (s, c, cb) u = Add (t, q) v = Relu (u)
  g = GlobalAveragePool (v) f = Flatten (g) [head] y = MatMul (f, d)
}"""


class Samples(CalibrationDataReader):
    """What the quantizer is shown."""

    def __init__(self, name: str, samples: Array) -> None:
        self._batches: Iterator[dict[str, Array]] = iter([{name: samples}])

    def get_next(self) -> dict[str, Array] | None:
        return next(self._batches, None)


def images(count: int = 32) -> Array:
    return np.random.default_rng(1).standard_normal((count, 3, 8, 8)).astype(np.float32)


def quantized(path: Path, samples: Array, *, per_channel: bool = False, kind: str = "QDQ") -> Path:
    """The model at `path` with weights and activations of 8 bits, beside it."""
    target = path.with_suffix(".int8.onnx")
    quantize_static(
        path,
        target,
        Samples(onnx.load(path).graph.input[0].name, samples),
        quant_format=QuantFormat[kind],
        activation_type=QuantType.QUInt8,
        weight_type=QuantType.QInt8,
        per_channel=per_channel,
    )
    return target


def residual(folder: Path, *, per_channel: bool = False, kind: str = "QDQ") -> Model:
    """A small residual network, quantized."""
    return load(quantized(save(parse(RESIDUAL), folder / "m.onnx"), images(), per_channel=per_channel, kind=kind))


def dynamic(path: Path) -> Model:
    """The model at `path`, its activations quantized while it runs."""
    target = path.with_suffix(".dynamic.onnx")
    quantize_dynamic(path, target)
    return load(target)
