"""Operators that work element by element, with or without broadcasting."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from paoding_onnx.model.nodes import Node
from paoding_onnx.rules.equation import Equation, axes, right_aligned
from paoding_onnx.rules.facts import ANY_SCALE, POSITIVE_SCALE, Acts, Affine, Clamp, Homogeneity, Other, Sum
from paoding_onnx.rules.notation import parse
from paoding_onnx.rules.rule import Rule, fixed, register

_SAME = parse("*A -> *A")


@register("Identity", "Neg", read=25)
def scaled_copy(node: Node) -> Rule:
    """Operators of one tensor under which any scaling stays a scaling."""
    return Rule(_SAME, acts=ANY_SCALE)


@register("Cast", read=28)
@register("CastLike", read=25)
def cast(node: Node) -> Rule:
    """ONNX Cast-28, CastLike-25: the second operand of CastLike only lends its type, so its axes are free."""
    target = node.outputs[0].dtype if node.outputs[0] is not None else None
    is_float = target is not None and target.kind == "f"
    return Rule(parse("*A, *B -> *A"), acts=ANY_SCALE if is_float else Other())


@register("Dropout", read=22)
def dropout(node: Node) -> Rule:
    """ONNX Dropout-22 at inference: a copy, and a mask of ones."""
    training = node.operand(2)
    if training is not None and (training.value is None or training.value.any()):
        return fixed(node, "drops values at random (training_mode)")
    return Rule(parse("*A, _, _ -> *A, *A"), acts=ANY_SCALE)


@register("Relu", read=14)
def relu(node: Node) -> Rule:
    """ONNX Relu-14: max(x, 0)."""
    return Rule(_SAME, acts=Clamp(low=0.0))


@register("Abs", read=13)
@register("LeakyRelu", read=16)
def half_linear(node: Node) -> Rule:
    """Activations with f(c x) = c f(x) for c >= 0."""
    return Rule(_SAME, acts=POSITIVE_SCALE)


@register("Sigmoid", "Tanh", "Erf", "Exp", "Log", "Sqrt", "Reciprocal", "Floor", "Ceil", "Sign", "Not", "Gelu", read=20)
@register(
    "HardSigmoid", "HardSwish", "Elu", "Selu", "Mish", "Softplus", "Softsign", "ThresholdedRelu", "Round", read=22
)
@register("Celu", "Swish", read=28)
@register("Sin", "Cos", "Tan", "Asin", "Acos", "Atan", "Sinh", "Cosh", "Asinh", "Acosh", "Atanh", read=22)
@register("Shrink", "IsNaN", "IsInf", "BitwiseNot", read=20)
def activation(node: Node) -> Rule:
    """Functions of one element."""
    return Rule(_SAME)


@register("Clip", read=13)
def clip(node: Node) -> Rule:
    """ONNX Clip-13: the bounds are scalars, before opset 11 attributes."""
    low, high = (_bound(node, index, name, end) for index, name, end in ((1, "min", -math.inf), (2, "max", math.inf)))
    return Rule(parse("*A, _, _ -> *A"), acts=Other() if math.isnan(low + high) else Clamp(low, high))


def _bound(node: Node, index: int, name: str, default: float) -> float:
    """A bound of Clip; NaN if it is computed while running."""
    tensor = node.operand(index)
    if tensor is None:
        return node.real(name, default)
    is_known = tensor.is_constant and tensor.value is not None and tensor.value.size == 1
    return float(np.asarray(tensor.value).item()) if is_known else math.nan


@register("PRelu", read=16)
def prelu(node: Node) -> Rule:
    """ONNX PRelu-16: one slope for each unit, broadcast to the input."""
    return Rule(_broadcast(node), acts=POSITIVE_SCALE)


@register("Add", "Sub", read=14)
def add(node: Node) -> Rule:
    """ONNX Add-14, Sub-14: with a constant a shift of every unit, with a second branch a coupling."""
    return Rule(_broadcast(node), acts=_shift(node))


@register("Mul", read=14)
def multiply(node: Node) -> Rule:
    """ONNX Mul-14: with a constant a gain of every unit, with a second branch a gate."""
    index, constant = _constant_operand(node)
    return Rule(_broadcast(node), acts=Other() if constant is None else Affine(index, constant, np.zeros(1)))


@register("Div", read=14)
def divide(node: Node) -> Rule:
    """ONNX Div-14: by a constant a gain of every unit."""
    index, constant = _constant_operand(node)
    if constant is None or index == 0 or not np.all(constant):
        return Rule(_broadcast(node))
    return Rule(_broadcast(node), acts=Affine(index, 1 / constant, np.zeros(1)))


@register("Sum", read=13)
def sum_up(node: Node) -> Rule:
    """ONNX Sum-13: any number of tensors, of which some may be constants, added up."""
    return Rule(_broadcast(node), acts=Sum(Homogeneity.ONE))


@register("Max", "Min", "Mean", read=13)
@register("Pow", "Mod", "BitShift", read=28)
@register("And", "Or", "Xor", read=7)
@register("BitwiseAnd", "BitwiseOr", "BitwiseXor", read=18)
@register("Equal", "Greater", "Less", "GreaterOrEqual", "LessOrEqual", read=19)
@register("Where", read=16)
def combine(node: Node) -> Rule:
    """Operators of several tensors, broadcast to one shape as numpy does."""
    return Rule(_broadcast(node))


def _broadcast(node: Node) -> Equation:
    """The equation of a broadcasting operator: axes right-aligned, size-one axes written 1."""
    whole = axes("A", len(node.output_shape()))
    inputs = [None if t is None else right_aligned(whole, node.shape(k)) for k, t in enumerate(node.inputs)]
    return Equation.of(inputs, [right_aligned(whole, node.output_shape())])


def _shift(node: Node) -> Acts:
    """What Add or Sub does: x + k, x - k or k - x with a constant k, else a sum or difference of branches."""
    index, constant = _constant_operand(node)
    if constant is None:
        return Sum() if node.operator == "Add" else ANY_SCALE
    if node.operator == "Add":
        return Affine(index, np.ones(1), constant, index)
    sign = 1.0 if index else -1.0
    return Affine(index, np.full(1, sign), -sign * constant, index, -1.0)


def _constant_operand(node: Node) -> tuple[int, NDArray[np.float64] | None]:
    """Index and flat content of the operand that is a constant of one value, or of one value for each unit."""
    for index, tensor in enumerate(node.inputs):
        if tensor is None or tensor.value is None or not tensor.is_constant or tensor.value.dtype.kind != "f":
            continue
        if sum(size > 1 for size in tensor.value.shape) <= 1:
            return index, tensor.value.reshape(-1).astype(np.float64)
    return -1, None
