"""Operators that normalise: by stored statistics, by their own, and the softmax family."""

from __future__ import annotations

from collections.abc import Container

import numpy as np

from paoding_onnx.model.nodes import Array, Node
from paoding_onnx.rules.equation import ONE, Equation, Operand, axes, axis, right_aligned
from paoding_onnx.rules.facts import Acts, Affine, Other, Stored
from paoding_onnx.rules.notation import parse
from paoding_onnx.rules.rule import Fit, Rule, axis_index, fixed, register
from paoding_onnx.rules.why import NORMALISES

_SCALING = (("offset", 0.0), ("scale", 1.0))
"""The attributes of Scaler, and what they are where the node does not set them."""


@register("BatchNormalization", read=15)
def batch_normalization(node: Node) -> Rule:
    """ONNX BatchNormalization-15 at inference: y = scale (x - mean) / sqrt(variance + epsilon) + bias, per channel."""
    if node.integer("training_mode", 0):
        return fixed(node, "computes its statistics from the batch (training_mode=1)")
    values = [tensor.value if tensor is not None else None for tensor in node.inputs[1:5]]
    acts = _affine(values, node.real("epsilon", 1e-5))
    return Rule(parse("n C *s, C, C, C, C -> n C *s, C, C, C, C"), acts=acts, stored=Stored(3, 4))


@register("InstanceNormalization", read=22)
def instance_normalization(node: Node) -> Rule:
    """ONNX InstanceNormalization-22 normalises each channel over space, which may be channels that a Reshape moved."""
    return Rule(parse("n C *~S, C, C -> n C *~S"))


@register("LayerNormalization", "RMSNormalization", read=23)
def layer_normalization(node: Node) -> Rule:
    """ONNX LayerNormalization-17, RMSNormalization-23: a removed unit changes the statistics."""
    ndim = len(node.shape(0))
    first = axis_index(node.integer("axis", -1), ndim)
    whole = _mixed_along(node, range(first, ndim))
    affine = [right_aligned(whole, node.shape(k)) for k in range(1, len(node.inputs))]
    statistics = (*whole[:first], *[ONE] * (ndim - first))
    return Rule(Equation.of([whole, *affine], [whole, *[statistics] * (len(node.outputs) - 1)]))


@register("GroupNormalization", read=21)
def group_normalization(node: Node) -> Rule:
    """ONNX GroupNormalization-21: whole groups leave exactly; channels of a group change its statistics."""
    by_channel, by_group = "n (G ~C) *s, (G ~C), (G ~C) -> n (G ~C) *s", "n (G ~C) *s, G, G -> n (G ~C) *s"
    return Rule(
        parse(by_group if node.version < 21 else by_channel),
        sizes={"G": node.integer("num_groups", 1)},
        fits=(Fit("num_groups", {0: axis("G")}),),
        why=NORMALISES,
    )


@register("LRN", read=13)
def local_response(node: Node) -> Rule:
    """ONNX LRN-13 divides by neighbouring channels."""
    return Rule(parse("n ~C *s -> n ~C *s"))


@register("LpNormalization", read=22)
def lp_normalization(node: Node) -> Rule:
    """ONNX LpNormalization-22 divides by the norm along one axis."""
    whole = _mixed_along(node, (axis_index(node.integer("axis", -1), len(node.shape(0))),))
    return Rule(Equation.of([whole], [whole]))


@register("MeanVarianceNormalization", read=13)
def mean_variance(node: Node) -> Rule:
    """ONNX MeanVarianceNormalization-13: statistics over `axes`, by default all but the channels."""
    ndim = len(node.shape(0))
    whole = _mixed_along(node, {axis_index(k, ndim) for k in node.integers("axes") or (0, 2, 3)})
    return Rule(Equation.of([whole], [whole]))


@register("Softmax", "LogSoftmax", "Hardmax", read=13)
def softmax(node: Node) -> Rule:
    """ONNX Softmax-13 normalises along one axis; before opset 13 along that axis and all after it."""
    ndim = len(node.shape(0))
    first = axis_index(node.integer("axis", -1 if node.version >= 13 else 1), ndim)
    last = first + 1 if node.version >= 13 else ndim
    whole = [one.pinned() if first <= k < last else one for k, one in enumerate(axes("A", ndim))]
    return Rule(Equation.of([whole], [whole]), why=NORMALISES)


@register("Scaler", read=1, domain="ai.onnx.ml")
def scaler(node: Node) -> Rule:
    """ai.onnx.ml Scaler-1: (x - offset) scale, with a pair of numbers for each column, or one for all.

    The numbers stand in attributes, which are never cut.
    """
    offset, scale = (np.asarray(node.attributes.get(name, (one,)), np.float64) for name, one in _SCALING)
    sizes, shape = {offset.size, scale.size}, node.shape(0)
    if sizes == {1}:
        return Rule(parse("*A -> *A"), acts=Affine(0, scale, -offset * scale))
    if len(shape) != 2 or not sizes <= {1, shape[1]}:
        return fixed(node, "has numbers for another number of columns")
    return Rule(
        parse("n c -> n c"), why="has numbers of its own for each column", acts=Affine(0, scale, -offset * scale)
    )


def _mixed_along(node: Node, positions: Container[int]) -> Operand:
    """The axes of input 0, mixed along those in `positions`."""
    return tuple(one.mixed() if k in positions else one for k, one in enumerate(axes("C", len(node.shape(0)))))


def _affine(values: list[Array | None], epsilon: float) -> Acts:
    if len(values) < 4 or any(value is None for value in values):
        return Other()
    scale, bias, mean, variance = (np.asarray(value, np.float64) for value in values)
    gain = scale / np.sqrt(variance + epsilon)
    return Affine(1, gain, bias - mean * gain, 3, -1.0)
