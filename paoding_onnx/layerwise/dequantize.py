"""Weights of quantized models: integers as the numbers they stand for."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from paoding_onnx.dependency.trace import Trace
from paoding_onnx.model.nodes import Array
from paoding_onnx.rules.binding import BoundNode, TensorUse
from paoding_onnx.rules.equation import Operand


def dequantized(trace: Trace, use: TensorUse, value: Array) -> Array:
    """(value - zero point) x scale, as the first node says that reads `use` as quantized; plain numbers otherwise.

    A scale or zero point that is computed while running is left out.
    """
    for bound in trace.bound_nodes:
        for quantized in bound.rule.integers.quantized:
            if bound.inputs[quantized.operand] == use:
                numbers = value.astype(np.float32)
                zero = _spread(bound, quantized.operand, quantized.zero_point)
                scale = None if quantized.scale is None else _spread(bound, quantized.operand, quantized.scale)
                numbers = numbers if zero is None else numbers - zero
                return numbers if scale is None else numbers * scale
    return value


def _spread(bound: BoundNode, operand: int, number: int) -> NDArray[np.float32] | None:
    """Input `number` in a shape that broadcasts to `operand`, whose axis with the same factor it lies on."""
    tensor = bound.node.operand(number)
    if tensor is None or tensor.value is None or not tensor.is_constant:
        return None
    value = np.asarray(tensor.value, np.float32)
    if value.size == 1:
        return value.reshape(())
    axes: Operand = bound.binding.inputs[operand] or ()
    along = [own for own in bound.binding.inputs[number] or () if own in axes]
    if value.ndim != len(along):
        return None
    where = {axes.index(own): size for own, size in zip(along, value.shape, strict=True)}
    return value.reshape([where.get(axis, 1) for axis in range(len(axes))])
