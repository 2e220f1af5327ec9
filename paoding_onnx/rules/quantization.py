"""Operators between integers and floats: DequantizeLinear, QuantizeLinear, DynamicQuantizeLinear."""

from __future__ import annotations

from paoding_onnx.model.nodes import Node
from paoding_onnx.rules.equation import ONE, Equation, Operand, axes
from paoding_onnx.rules.facts import Integers, Quantized
from paoding_onnx.rules.notation import parse
from paoding_onnx.rules.rule import Rule, axis_index, fixed, register


@register("DequantizeLinear", "QuantizeLinear", read=28)
@register("DequantizeLinear", "QuantizeLinear", read=1, domain="com.microsoft")
def linear_quantization(node: Node) -> Rule:
    """ONNX DequantizeLinear-28, QuantizeLinear-28: one scale for all, or one for each index of `axis`."""
    if node.integer("block_size", 0):
        return fixed(node, "has one scale for each block of this axis")
    whole = axes("A", len(node.shape(0)))
    scales = [_scale(node, whole, index) for index in range(1, len(node.inputs))]
    quantized = (Quantized(0, 2, 1),) if node.operator == "DequantizeLinear" else ()
    return Rule(Equation.of([whole, *scales], [whole]), integers=Integers(quantized))


@register("DynamicQuantizeLinear", read=11)
def dynamic_quantization(node: Node) -> Rule:
    """ONNX DynamicQuantizeLinear-11: one scale from the range of the whole tensor, which includes zero."""
    return Rule(parse("*A -> *A, _, _"), integers=Integers(range_over=(0,)))


def _scale(node: Node, whole: Operand, index: int) -> Operand:
    """The axes of a scale or zero point: quantizers write a scale of shape (1,) beside a zero point of shape ()."""
    if node.shape(index) in ((), (1,)):
        return (ONE,) * len(node.shape(index))
    return (whole[axis_index(node.integer("axis", 1), len(whole))],)
