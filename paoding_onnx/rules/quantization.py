"""Operators between integers and floats: DequantizeLinear, QuantizeLinear, DynamicQuantizeLinear."""

from __future__ import annotations

from paoding_onnx.model.graph import Node
from paoding_onnx.rules.rule import Quantized, Rule, axis_index, fixed, names, register, spell


@register("DequantizeLinear", "QuantizeLinear", read=28)
@register("DequantizeLinear", "QuantizeLinear", read=1, domain="com.microsoft")
def linear_quantization(node: Node) -> Rule:
    """ONNX DequantizeLinear-28, QuantizeLinear-28: one scale for all, or one for each index of `axis`."""
    if node.integer("block_size", 0):
        return fixed(node, "has one scale for each block of this axis")
    axes = names("A", len(node.shape(0)))
    scales = [_scale(node, axes, index) for index in range(1, len(node.inputs))]
    quantized = {0: Quantized(2, 1)} if node.operator == "DequantizeLinear" else {}
    return Rule(spell([axes, *scales], [axes]), quantized=quantized)


@register("DynamicQuantizeLinear", read=11)
def dynamic_quantization(node: Node) -> Rule:
    """ONNX DynamicQuantizeLinear-11: one scale from the range of the whole tensor, which includes zero."""
    return Rule("*A -> *A, _, _", ranged=(0,))


def _scale(node: Node, axes: list[str], index: int) -> list[str]:
    """The axes of a scale or zero point: quantizers write a scale of shape (1,) beside a zero point of shape ()."""
    if node.shape(index) in ((), (1,)):
        return ["1"] * len(node.shape(index))
    return [axes[axis_index(node.integer("axis", 1), len(axes))]]
