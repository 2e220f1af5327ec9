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
                zero = spread(bound, quantized.operand, quantized.zero_point)
                scale = None if quantized.scale is None else spread(bound, quantized.operand, quantized.scale)
                numbers = numbers if zero is None else numbers - zero
                return numbers if scale is None else numbers * scale
    return value


def zero_of(trace: Trace, use: TensorUse, value: Array) -> Array | None:
    """What stands for zero in `use`, to be broadcast to its content `value`; `None` if no number does: it is packed."""
    if value.dtype.kind == "f":
        return np.zeros((), value.dtype)
    for bound in trace.bound_nodes:
        for quantized in bound.rule.integers.quantized:
            if bound.inputs[quantized.operand] == use:
                zero = spread(bound, quantized.operand, quantized.zero_point)
                return np.zeros((), value.dtype) if zero is None else zero.astype(value.dtype)
    return None


def spread(bound: BoundNode, operand: int, number: int) -> NDArray[np.float32] | None:
    """Input `number` in a shape that broadcasts to `operand`, on whose axes with the same factors it lies."""
    tensor = bound.node.operand(number)
    if tensor is None or tensor.value is None or not tensor.is_constant:
        return None
    value = np.asarray(tensor.value, np.float32)
    if value.size == 1:
        return value.reshape(())
    axes: Operand = bound.binding.inputs[operand] or ()
    where: dict[int, int] = {}
    for axis, own in enumerate(bound.binding.inputs[number] or ()):
        place = next((k for k, one in enumerate(axes) if one.names[: len(own.names)] == own.names), None)
        if place is None:
            return None
        length, count = axes[place].size(bound.binding.sizes), value.shape[axis]
        value = value if count == length else np.repeat(value, length // count, axis)  # one for each block
        where[place] = length
    return value.reshape([where.get(axis, 1) for axis in range(len(axes))])
