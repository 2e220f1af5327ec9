"""Operators between integers and floats: DequantizeLinear, QuantizeLinear, DynamicQuantizeLinear."""

from __future__ import annotations

from paoding_onnx.model.nodes import Node
from paoding_onnx.rules.equation import ONE, Axis, Equation, Operand, axes, axis, exchanged
from paoding_onnx.rules.facts import Integers, LooksUp, Quantized, Selects
from paoding_onnx.rules.notation import parse
from paoding_onnx.rules.rule import Rule, axis_index, register
from paoding_onnx.rules.why import ONE_SCALE, Hold, Why


@register("DequantizeLinear", "QuantizeLinear", read=28)
@register("DequantizeLinear", "QuantizeLinear", read=1, domain="com.microsoft")
def linear_quantization(node: Node) -> Rule:
    """ONNX DequantizeLinear-28, QuantizeLinear-28: one scale for all, for each index of `axis`, or for blocks of it."""
    if node.integer("block_size", 0):
        return _in_blocks(node, node.integer("block_size", 0))
    whole = axes("A", len(node.shape(0)))
    scales = [_scale(node, whole, index) for index in range(1, len(node.inputs))]
    quantized = (Quantized(0, 2, 1),) if node.operator == "DequantizeLinear" else ()
    return Rule(Equation.of([whole, *scales], [whole]), integers=Integers(quantized))


@register("DynamicQuantizeLinear", read=11)
def dynamic_quantization(node: Node) -> Rule:
    """ONNX DynamicQuantizeLinear-11: one scale from the range of the whole tensor, which includes zero."""
    return Rule(parse("*A -> *A, _, _"), integers=Integers(range_over=(0,)))


@register("GatherBlockQuantized", read=1, domain="com.microsoft")
def gather_blocks(node: Node) -> Rule:
    """com.microsoft GatherBlockQuantized: picks rows of a table, which has one scale for each block; these go whole."""
    ndim, size = len(node.shape(0)), node.integer("block_size", 128)
    along, blocks = (axis_index(node.integer(name, k), ndim) for name, k in (("gather_axis", 0), ("quantize_axis", 1)))
    indices, table = axes("I", len(node.shape(1))), exchanged(axes("A", ndim), along, axis("v"))
    made = node.output_shape()[blocks + (len(indices) - 1 if blocks > along else 0)]
    scale, data, whole = _blocks(made, size)
    zero = scale if node.shape(3) in ((), node.shape(2)) else axis("z")
    if zero != scale:
        scale, data, whole = (one.pinned() for one in (scale, data, whole))
    left = [exchanged(table, blocks, one) for one in (data, scale, zero)]
    picked = exchanged(exchanged(axes("A", ndim), blocks, whole), along, *indices)
    return Rule(
        Equation.of([left[0], indices, left[1], left[2]], [picked]),
        sizes={"s": size} if len(whole.names) > 1 else {},
        shape=Selects(1),
        looks_up=(LooksUp(1, 0, "v"),),
        why=Why("picks entries by index along this axis, or has one scale for each block of it", Hold.TABLE),
    )


def _in_blocks(node: Node, size: int) -> Rule:
    """One scale for each block of an axis: whole blocks may go, and anything along other axes."""
    whole = axes("A", len(node.shape(0)))
    along = axis_index(node.integer("axis", 1), len(whole))
    scale, _, blocks = _blocks(node.shape(0)[along], size)
    scales = [exchanged(whole, along, scale) for _ in node.inputs[1:]]
    quantized = (Quantized(0, 2, 1),) if node.operator == "DequantizeLinear" else ()
    own = exchanged(whole, along, blocks)
    return Rule(
        Equation.of([own, *scales], [own]),
        sizes={"s": size} if len(blocks.names) > 1 else {},
        integers=Integers(quantized),
        why=ONE_SCALE,
    )


def _blocks(length: int, size: int) -> tuple[Axis, Axis, Axis]:
    """The axes of scales, of packed numbers and of numbers; blocks of which the last is smaller stay."""
    if length % size:
        return axis("b"), axis("p"), axis("k")
    return axis("B"), axis("B", "q"), axis("B", "s")


def _scale(node: Node, whole: Operand, index: int) -> Operand:
    """The axes of a scale or zero point: quantizers write a scale of shape (1,) beside a zero point of shape ()."""
    if node.shape(index) in ((), (1,)):
        return (ONE,) * len(node.shape(index))
    return (whole[axis_index(node.integer("axis", 1), len(whole))],)
