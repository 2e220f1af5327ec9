"""A float32 ONNX file as int8, float16 or `.ort`, by onnxruntime's own tools with the settings that work for CNNs."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Iterator, Mapping
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path

import numpy as np
import onnx
from numpy.typing import NDArray
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_dynamic, quantize_static
from onnxruntime.quantization.shape_inference import quant_pre_process
from onnxruntime.tools.convert_onnx_models_to_ort import OptimizationStyle, convert_onnx_models_to_ort
from onnxruntime.transformers.float16 import convert_float_to_float16

Feed = Mapping[str, NDArray[np.generic]]
"""One complete input of a model, by input name."""


class Calibration(CalibrationDataReader):  # type: ignore[misc]  # onnxruntime ships no types
    """Feeds for onnxruntime's calibration, one after the other."""

    def __init__(self, feeds: Iterable[Feed]) -> None:
        self._feeds: Iterator[Feed] = iter(feeds)

    def get_next(self) -> Feed | None:
        """The next feed, `None` after the last."""
        return next(self._feeds, None)


def prepare(source: Path, target: Path) -> Path:
    """`target`, where the model stands ready for quantization: batch normalization and the like merged into weights.

    Declared shapes go, since the quantizers work them out anew, and stumble over that of a transposed weight of a Gemm
    (onnxruntime issue 25890), which newer PyTorch exports declare.
    """
    quant_pre_process(source, target, skip_symbolic_shape=True)  # symbolic shapes would need sympy, and CNNs have none
    model = onnx.load(target)
    del model.graph.value_info[:]
    onnx.save(model, target)
    return target


def int8_dynamic(source: Path, target: Path) -> Path:
    """`target`, with int8 weights and activations that are scaled anew for every input; needs no calibration.

    Weights are unsigned because onnxruntime has no kernel for signed ones in convolutions (its issue 15888).
    """
    quantize_dynamic(_prepared(source, target), target, weight_type=QuantType.QUInt8)
    return target


def int8_static(source: Path, target: Path, feeds: Iterable[Feed]) -> Path:
    """`target`, with int8 weights and activations (QDQ), whose ranges are those seen on `feeds`.

    Each channel of a weight gets a scale of its own. Unsigned activations by signed weights are what x86 multiplies
    fastest (VNNI), and right on ARM too.
    """
    quantize_static(
        _prepared(source, target),
        target,
        Calibration(feeds),
        quant_format=QuantFormat.QDQ,
        per_channel=True,
        activation_type=QuantType.QUInt8,
        weight_type=QuantType.QInt8,
    )
    return target


def float16(source: Path, target: Path) -> Path:
    """`target`, with weights and activations in float16; inputs and outputs stay float32."""
    onnx.save(convert_float_to_float16(onnx.load(source), keep_io_types=True), target)
    return target


def ort_file(source: Path) -> Path:
    """The model in onnxruntime's own format, beside `source`, with the list of operators a small build must have.

    All optimisations are done now, but none that only one kind of processor has.
    """
    with redirect_stdout(StringIO()), warnings.catch_warnings():  # it reports every step
        warnings.simplefilter("ignore", ResourceWarning)  # and leaves it to Python to close its files
        convert_onnx_models_to_ort(source, optimization_styles=[OptimizationStyle.Fixed])
    return source.with_suffix(".ort")


def _prepared(source: Path, target: Path) -> Path:
    return prepare(source, target.with_suffix(".prepared.onnx"))
