"""Operators that normalise: BatchNormalization and the softmax family."""

from __future__ import annotations

import numpy as np

from paoding_onnx.graph import Array
from paoding_onnx.graph import Node
from paoding_onnx.rules.rule import Affine
from paoding_onnx.rules.rule import Rule
from paoding_onnx.rules.rule import axis_index
from paoding_onnx.rules.rule import fixed
from paoding_onnx.rules.rule import names
from paoding_onnx.rules.rule import register
from paoding_onnx.rules.rule import spell


@register("BatchNormalization", read=15)
def batch_normalization(node: Node) -> Rule:
    """ONNX BatchNormalization-15 at inference: y = scale (x - mean) / sqrt(variance + epsilon) + bias, per channel."""
    if node.integer("training_mode", 0):
        return fixed(node, "computes its statistics from the batch (training_mode=1)")
    values = [tensor.value if tensor is not None else None for tensor in node.inputs[1:5]]
    return Rule("n C *s, C, C, C, C -> n C *s, C, C, C, C", affine=_affine(values, node.real("epsilon", 1e-5)))


@register("Softmax", "LogSoftmax", "Hardmax", read=13)
def softmax(node: Node) -> Rule:
    """ONNX Softmax-13 normalises along one axis; before opset 13 along that axis and all after it."""
    ndim = len(node.shape(0))
    first = axis_index(node.integer("axis", -1 if node.version >= 13 else 1), ndim)
    last = first + 1 if node.version >= 13 else ndim
    words = [name.lower() if first <= axis < last else name for axis, name in enumerate(names("A", ndim))]
    return Rule(spell([words], [words]), why="normalises along this axis")


def _affine(values: list[Array | None], epsilon: float) -> Affine | None:
    if len(values) < 4 or any(value is None for value in values):
        return None
    scale, bias, mean, variance = (np.asarray(value, np.float64) for value in values)
    gain = scale / np.sqrt(variance + epsilon)
    return Affine(1, gain, bias - mean * gain)
