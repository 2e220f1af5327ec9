"""Operators that normalise: by stored statistics, by their own, and the softmax family."""

from __future__ import annotations

import numpy as np

from paoding_onnx.model.graph import Array, Node
from paoding_onnx.rules.rule import (
    Affine,
    Fit,
    Rule,
    Statistics,
    axis_index,
    fixed,
    names,
    register,
    right_aligned,
    spell,
)


@register("BatchNormalization", read=15)
def batch_normalization(node: Node) -> Rule:
    """ONNX BatchNormalization-15 at inference: y = scale (x - mean) / sqrt(variance + epsilon) + bias, per channel."""
    if node.integer("training_mode", 0):
        return fixed(node, "computes its statistics from the batch (training_mode=1)")
    values = [tensor.value if tensor is not None else None for tensor in node.inputs[1:5]]
    affine = _affine(values, node.real("epsilon", 1e-5))
    return Rule("n C *s, C, C, C, C -> n C *s, C, C, C, C", affine=affine, statistics=Statistics(3, 4))


@register("InstanceNormalization", read=22)
def instance_normalization(node: Node) -> Rule:
    """ONNX InstanceNormalization-22 normalises each channel over space, which may be channels that a Reshape moved."""
    return Rule("n C *~S, C, C -> n C *~S")


@register("LayerNormalization", "RMSNormalization", read=23)
def layer_normalization(node: Node) -> Rule:
    """ONNX LayerNormalization-17, RMSNormalization-23: a removed unit changes the statistics."""
    ndim = len(node.shape(0))
    first = axis_index(node.integer("axis", -1), ndim)
    axes = [f"~{name}" if k >= first else name for k, name in enumerate(names("C", ndim))]
    affine = [right_aligned(axes, node.shape(k)) for k in range(1, len(node.inputs))]
    statistics = [name if k < first else "1" for k, name in enumerate(axes)]
    return Rule(spell([axes, *affine], [axes, *[statistics] * (len(node.outputs) - 1)]))


@register("GroupNormalization", read=21)
def group_normalization(node: Node) -> Rule:
    """ONNX GroupNormalization-21: whole groups leave exactly; channels of a group change its statistics."""
    affine = "G" if node.version < 21 else "(G ~C)"
    groups = node.integer("num_groups", 1)
    equation = f"n (G ~C) *s, {affine}, {affine} -> n (G ~C) *s"
    return Rule(equation, sizes={"G": groups}, fits=(Fit("num_groups", {0: "G"}),), why="normalises along this axis")


@register("LRN", read=13)
def local_response(node: Node) -> Rule:
    """ONNX LRN-13 divides by neighbouring channels."""
    return Rule("n ~C *s -> n ~C *s")


@register("LpNormalization", read=22)
def lp_normalization(node: Node) -> Rule:
    """ONNX LpNormalization-22 divides by the norm along one axis."""
    axis = axis_index(node.integer("axis", -1), len(node.shape(0)))
    words = [f"~{name}" if k == axis else name for k, name in enumerate(names("C", len(node.shape(0))))]
    return Rule(spell([words], [words]))


@register("MeanVarianceNormalization", read=13)
def mean_variance(node: Node) -> Rule:
    """ONNX MeanVarianceNormalization-13: statistics over `axes`, by default all but the channels."""
    ndim = len(node.shape(0))
    over = {axis_index(axis, ndim) for axis in node.integers("axes") or (0, 2, 3)}
    words = [f"~{name}" if k in over else name for k, name in enumerate(names("C", ndim))]
    return Rule(spell([words], [words]))


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
    return Affine(1, gain, bias - mean * gain, 3, -1.0)
