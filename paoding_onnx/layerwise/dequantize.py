"""Weights of quantized models: integers as the numbers they stand for."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from paoding_onnx.dependency.trace import Trace
from paoding_onnx.model.graph import Array
from paoding_onnx.rules.binding import Site, Slot
from paoding_onnx.rules.equation import Operand


def dequantized(trace: Trace, slot: Slot, value: Array) -> Array:
    """(value - zero point) x scale, as the first node says that reads `slot` as quantized; plain numbers otherwise.

    A scale or zero point that is computed while running is left out.
    """
    for site in trace.sites:
        for operand in site.rule.quantized:
            if site.inputs[operand] == slot:
                numbers = value.astype(np.float32)
                pair = site.rule.quantized[operand]
                zero = _spread(site, operand, pair.zero_point)
                scale = None if pair.scale is None else _spread(site, operand, pair.scale)
                numbers = numbers if zero is None else numbers - zero
                return numbers if scale is None else numbers * scale
    return value


def _spread(site: Site, operand: int, number: int) -> NDArray[np.float32] | None:
    """Input `number` in a shape that broadcasts to `operand`, whose axis with the same factor it lies on."""
    tensor = site.node.operand(number)
    if tensor is None or tensor.value is None or not tensor.is_constant:
        return None
    value = np.asarray(tensor.value, np.float32)
    if value.size == 1:
        return value.reshape(())
    axes: Operand = site.bound.inputs[operand] or ()
    along = [own for own in site.bound.inputs[number] or () if own in axes]
    if value.ndim != len(along):
        return None
    where = {axes.index(own): size for own, size in zip(along, value.shape, strict=True)}
    return value.reshape([where.get(axis, 1) for axis in range(len(axes))])
