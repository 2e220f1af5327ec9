"""Operators that work element by element, with or without broadcasting."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from paoding_onnx.model.graph import Node
from paoding_onnx.rules.rule import Affine, Passes, Rule, fixed, names, register, spell


@register("Identity", "Neg", read=25)
def scaled_copy(node: Node) -> Rule:
    """Operators of one tensor under which any scaling stays a scaling."""
    return Rule("*A -> *A", passes=Passes.ANY)


@register("Cast", read=28)
@register("CastLike", read=25)
def cast(node: Node) -> Rule:
    """ONNX Cast-28, CastLike-25: the second operand of CastLike only lends its type, so its axes are free."""
    target = node.outputs[0].dtype if node.outputs[0] is not None else None
    is_float = target is not None and target.kind == "f"
    return Rule("*A, *B -> *A", passes=Passes.ANY if is_float else Passes.ONE)


@register("Dropout", read=22)
def dropout(node: Node) -> Rule:
    """ONNX Dropout-22 at inference: a copy, and a mask of ones."""
    training = node.operand(2)
    if training is not None and (training.value is None or training.value.any()):
        return fixed(node, "drops values at random (training_mode)")
    return Rule("*A, _, _ -> *A, *A", passes=Passes.ANY)


@register("Relu", read=14)
def relu(node: Node) -> Rule:
    """ONNX Relu-14: max(x, 0)."""
    return Rule("*A -> *A", passes=Passes.POSITIVE, clamps=(0.0, math.inf))


@register("Abs", read=13)
@register("LeakyRelu", read=16)
def half_linear(node: Node) -> Rule:
    """Activations with f(c x) = c f(x) for c >= 0."""
    return Rule("*A -> *A", passes=Passes.POSITIVE)


@register("Sigmoid", "Tanh", "Erf", "Exp", "Log", "Sqrt", "Reciprocal", "Floor", "Ceil", "Sign", "Not", "Gelu", read=20)
@register(
    "HardSigmoid", "HardSwish", "Elu", "Selu", "Mish", "Softplus", "Softsign", "ThresholdedRelu", "Round", read=22
)
@register("Celu", "Swish", read=28)
@register("Sin", "Cos", "Tan", "Asin", "Acos", "Atan", "Sinh", "Cosh", "Asinh", "Acosh", "Atanh", read=22)
@register("Shrink", "IsNaN", "IsInf", "BitwiseNot", read=20)
def activation(node: Node) -> Rule:
    """Functions of one element."""
    return Rule("*A -> *A")


@register("Clip", read=13)
def clip(node: Node) -> Rule:
    """ONNX Clip-13: the bounds are scalars, before opset 11 attributes."""
    low, high = (_bound(node, index, name, end) for index, name, end in ((1, "min", -math.inf), (2, "max", math.inf)))
    return Rule("*A, _, _ -> *A", clamps=None if math.isnan(low + high) else (low, high))


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
    return Rule(broadcast(node), passes=Passes.POSITIVE)


@register("Add", "Sub", read=14)
def add(node: Node) -> Rule:
    """ONNX Add-14, Sub-14: with a constant a shift of every unit, with a second branch a coupling."""
    index, constant = _constant_operand(node)
    if constant is None:
        return Rule(broadcast(node), passes=Passes.ANY, sums=node.operator == "Add")
    if node.operator == "Add":
        return Rule(broadcast(node), affine=Affine(index, np.ones(1), constant, index))
    sign = 1.0 if index else -1.0  # x - k, or k - x
    return Rule(broadcast(node), affine=Affine(index, np.full(1, sign), -sign * constant, index, -1.0))


@register("Mul", read=14)
def multiply(node: Node) -> Rule:
    """ONNX Mul-14: with a constant a gain of every unit, with a second branch a gate."""
    index, constant = _constant_operand(node)
    affine = None if constant is None else Affine(index, constant, np.zeros(1))
    return Rule(broadcast(node), affine=affine)


@register("Div", read=14)
def divide(node: Node) -> Rule:
    """ONNX Div-14: by a constant a gain of every unit."""
    index, constant = _constant_operand(node)
    if constant is None or index == 0 or not np.all(constant):
        return Rule(broadcast(node))
    return Rule(broadcast(node), affine=Affine(index, 1 / constant, np.zeros(1)))


@register("Max", "Min", "Sum", "Mean", read=13)
@register("Pow", "Mod", "BitShift", read=28)
@register("And", "Or", "Xor", read=7)
@register("BitwiseAnd", "BitwiseOr", "BitwiseXor", read=18)
@register("Equal", "Greater", "Less", "GreaterOrEqual", "LessOrEqual", read=19)
@register("Where", read=16)
def combine(node: Node) -> Rule:
    """Operators of several tensors, broadcast to one shape as numpy does."""
    return Rule(broadcast(node), sums=node.operator == "Sum")


def broadcast(node: Node) -> str:
    """The equation of a broadcasting operator: axes right-aligned, size-one axes written 1."""
    output = node.output_shape()
    factors = names("A", len(output))
    words: list[list[str] | None] = []
    for index, tensor in enumerate(node.inputs):
        aligned = factors[len(factors) - len(node.shape(index)) :]
        sizes = zip(aligned, node.shape(index), strict=True)
        words.append(None if tensor is None else [word if size > 1 else "1" for word, size in sizes])
    return spell(words, [[word if size > 1 else "1" for word, size in zip(factors, output, strict=True)]])


def _constant_operand(node: Node) -> tuple[int, NDArray[np.float64] | None]:
    """Index and flat content of the operand that is a constant of one value, or of one value for each unit."""
    for index, tensor in enumerate(node.inputs):
        if tensor is None or tensor.value is None or not tensor.is_constant or tensor.value.dtype.kind != "f":
            continue
        if sum(size > 1 for size in tensor.value.shape) <= 1:
            return index, tensor.value.reshape(-1).astype(np.float64)
    return -1, None
