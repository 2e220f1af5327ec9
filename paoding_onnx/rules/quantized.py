"""Operators that compute with integers standing for floats: QLinearConv, MatMulInteger and their kin."""

from __future__ import annotations

import math

from paoding_onnx.model.nodes import Node
from paoding_onnx.rules.equation import (
    ONE,
    Axis,
    Equation,
    Operand,
    axes,
    axis,
    exchanged,
    joined,
    names_of,
    right_aligned,
)
from paoding_onnx.rules.facts import Contracts, Integers, Quantized
from paoding_onnx.rules.notation import parse
from paoding_onnx.rules.products import matrix_product, stacked_product
from paoding_onnx.rules.rule import Fit, Rule, axis_index, register
from paoding_onnx.rules.why import NORMALISES, ONE_SCALE, SLIDES, Hold, Why

_MICROSOFT = "com.microsoft"
_COLUMNS = axis("N")


@register("QLinearConv", read=10)
@register("QLinearConv", read=1, domain=_MICROSOFT)
def qlinear_conv(node: Node) -> Rule:
    """ONNX QLinearConv-10, com.microsoft too: as Conv; weights may have a scale for each output channel."""
    last = "n *s (G I), _, _, (G O) I *k, {scale}, {zero}, _, _, (G O) -> n *t (G O)"
    second = "n (G I) *s, _, _, (G O) I *k, {scale}, {zero}, _, _, (G O) -> n (G O) *t"
    scale, zero = (_each(node, k, axis("G", "O")) for k in (4, 5))
    whole = parse(last if node.integer("channels_last", 0) else second, scale=scale, zero=zero)
    return _conv(node, whole, Quantized(0, 2, 1), Quantized(3, 5, 4))


@register("ConvInteger", read=10)
def conv_integer(node: Node) -> Rule:
    """ONNX ConvInteger-10: the sums of a convolution, scales are applied behind it."""
    zero = _each(node, 3, axis("G", "O"))
    whole = parse("n (G I) *s, (G O) I *k, _, {zero} -> n (G O) *t", zero=zero)
    return _conv(node, whole, Quantized(0, 2), Quantized(1, 3))


@register("QLinearMatMul", read=21)
def qlinear_matmul(node: Node) -> Rule:
    """ONNX QLinearMatMul-21: as MatMul; the second operand may have a scale for each column."""
    ab = stacked_product(node, 0, 3)
    inputs = [ab.left, None, None, ab.right, _columns(node, 4), _columns(node, 5), None, None]
    return Rule(
        Equation.of(inputs, [ab.result]),
        contracts=Contracts((ab.names,)),
        integers=Integers((Quantized(0, 2, 1), Quantized(3, 5, 4))),
    )


@register("MatMulInteger", read=10)
def matmul_integer(node: Node) -> Rule:
    """ONNX MatMulInteger-10: the sums of a product, scales are applied behind it."""
    ab = stacked_product(node, 0, 1)
    return Rule(
        Equation.of([ab.left, ab.right, None, _columns(node, 3)], [ab.result]),
        contracts=Contracts((ab.names,)),
        integers=Integers((Quantized(0, 2), Quantized(1, 3))),
    )


@register("MatMulIntegerToFloat", read=1, domain=_MICROSOFT)
def matmul_integer_to_float(node: Node) -> Rule:
    """com.microsoft MatMulIntegerToFloat: a product of integers, scaled, with a bias for each column."""
    ab = stacked_product(node, 0, 1)
    inputs = [ab.left, ab.right, None, _columns(node, 3), None, _columns(node, 5), [_COLUMNS]]
    return Rule(
        Equation.of(inputs, [ab.result]),
        contracts=Contracts((ab.names,)),
        integers=Integers((Quantized(0, 4, 2), Quantized(1, 5, 3))),
    )


@register("DynamicQuantizeMatMul", read=1, domain=_MICROSOFT)
def dynamic_matmul(node: Node) -> Rule:
    """com.microsoft DynamicQuantizeMatMul: the first operand is quantized by its own range, which includes zero."""
    ab = stacked_product(node, 0, 1)
    inputs = [ab.left, ab.right, _columns(node, 2), _columns(node, 3), [_COLUMNS]]
    return Rule(
        Equation.of(inputs, [ab.result]),
        contracts=Contracts((ab.names,)),
        integers=Integers((Quantized(1, 3, 2),), range_over=(0,)),
    )


@register("QGemm", read=1, domain=_MICROSOFT)
def qgemm(node: Node) -> Rule:
    """com.microsoft QGemm: as Gemm; the second operand may have a scale for each column."""
    ab = matrix_product(node)
    scale, zero = _operand(_each(node, 4, _COLUMNS)), _operand(_each(node, 5, _COLUMNS))
    c = right_aligned(ab.result, node.shape(6))
    return Rule(
        Equation.of([ab.left, None, None, ab.right, scale, zero, c, None, None], [ab.result]),
        contracts=Contracts((ab.names,)),
        integers=Integers((Quantized(0, 2, 1), Quantized(3, 5, 4))),
    )


@register("QLinearAdd", "QLinearMul", read=1, domain=_MICROSOFT)
def qlinear_binary(node: Node) -> Rule:
    """com.microsoft QLinearAdd, QLinearMul: two tensors, each with its scale, broadcast as numpy does."""
    return _broadcast(node, (0, 3), 8)


@register("QLinearWhere", read=1, domain=_MICROSOFT)
def qlinear_where(node: Node) -> Rule:
    """com.microsoft QLinearWhere: a condition and two tensors, broadcast as numpy does."""
    return _broadcast(node, (0, 1, 4), 9)


@register("QLinearSigmoid", "QLinearLeakyRelu", read=1, domain=_MICROSOFT)
def qlinear_activation(node: Node) -> Rule:
    """com.microsoft QLinearSigmoid, QLinearLeakyRelu: functions of one element."""
    return Rule(parse("*A, _, _, _, _ -> *A"))


@register("QLinearAveragePool", "QLinearGlobalAveragePool", read=1, domain=_MICROSOFT)
def qlinear_pool(node: Node) -> Rule:
    """com.microsoft QLinearAveragePool, QLinearGlobalAveragePool: over space, channels second or last."""
    last, second = "n *s C, _, _, _, _ -> n *t C", "n C *s, _, _, _, _ -> n C *t"
    return Rule(parse(last if node.integer("channels_last", 0) else second), why=SLIDES)


@register("QLinearConcat", read=1, domain=_MICROSOFT)
def qlinear_concat(node: Node) -> Rule:
    """com.microsoft QLinearConcat: every third input from the third on is a segment, its scale behind it."""
    whole = axes("A", len(node.output_shape()))
    along = axis_index(node.integer("axis", 1), len(whole))
    parts = axes("S", (len(node.inputs) - 2) // 3)
    inputs = [operand for part in parts for operand in (exchanged(whole, along, part), None, None)]
    return Rule(Equation.of([None, None, *inputs], [exchanged(whole, along, joined(parts))]))


@register("QLinearSoftmax", read=1, domain=_MICROSOFT)
def qlinear_softmax(node: Node) -> Rule:
    """com.microsoft QLinearSoftmax: along one axis, or (attribute `opset` below 13) along it and all after it."""
    whole = axes("A", len(node.shape(0)))
    first = axis_index(node.integer("axis", -1), len(whole))
    last = first + 1 if node.integer("opset", 1) >= 13 else len(whole)
    whole = tuple(one.pinned() if first <= k < last else one for k, one in enumerate(whole))
    return Rule(Equation.of([whole, None, None, None, None], [whole]), why=NORMALISES)


@register("MatMulNBits", read=1, domain=_MICROSOFT)
def matmul_blocks(node: Node) -> Rule:
    """com.microsoft MatMulNBits: one scale for each column and block of rows; blocks go whole, or stay if packed."""
    lead, size = axes("A", len(node.shape(0)) - 1), node.integer("block_size", 32)
    n_scales = math.prod(node.shape(1)[:2])
    is_packed = node.shape(0)[-1] % size != 0 or math.prod(node.shape(3)) not in (1, n_scales)
    rows, block, zeros = map(axis, "kbz") if is_packed else (axis("B", "s"), axis("B"), axis("B"))
    scale, zero = (_by_block(node, k, blocks) for k, blocks in ((2, block), (3, zeros)))
    inputs = [(*lead, rows), (_COLUMNS, block, axis("q")), scale, zero, None, (_COLUMNS,)]
    return Rule(
        Equation.of(inputs, [(*lead, _COLUMNS)]),
        sizes={} if is_packed else {"s": size},
        fits=(Fit("N", {0: _COLUMNS}), *([] if is_packed else [Fit("K", {0: rows})])),
        contracts=Contracts((names_of((*lead, rows, _COLUMNS)),)),
        why=ONE_SCALE,
    )


@register("MatMulBnb4", read=1, domain=_MICROSOFT)
def matmul_packed(node: Node) -> Rule:
    """com.microsoft MatMulBnb4: numbers of all rows packed one behind another, in blocks that no row begins with."""
    lead = axes("A", len(node.shape(0)) - 1)
    whole = Equation.of([(*lead, axis("k")), axes("w", len(node.shape(1))), (axis("z"),)], [(*lead, axis("n"))])
    contracts = Contracts((names_of((*lead, axis("k"), axis("n"))),))
    return Rule(whole, contracts=contracts, why=ONE_SCALE)


@register("DynamicQuantizeLSTM", read=1, domain=_MICROSOFT)
def dynamic_lstm(node: Node) -> Rule:
    """com.microsoft DynamicQuantizeLSTM: hidden units share one range at every step, so they stay."""
    scale = (axis("d"), axis("q", "h")) if len(node.shape(8)) == 2 else (axis("d"),)
    return Rule(
        parse(
            "t n I, d I (q h), d h (q h), d (p h), _, d n h, d n h, d (v h), {scale}, {scale}, {scale}, {scale} "
            "-> t d n h, d n h, d n h",
            scale=scale,
        ),
        sizes={"q": 4, "p": 8, "v": 3},
        contracts=Contracts((("t", "n", "d", "q", "h", "I"), ("t", "n", "d", "q", "h", "h"))),
        integers=Integers((Quantized(1, 9, 8), Quantized(2, 11, 10)), range_over=(0,)),
        why="quantizes all hidden units by their common range",
    )


@register("QAttention", read=1, domain=_MICROSOFT)
def qattention(node: Node) -> Rule:
    """com.microsoft QAttention: queries, keys and values from one weight; heads go whole."""
    scale, zero = (_each(node, k, axis("p", "H", "d")) for k in (4, 7))
    return Rule(
        parse(
            "b s I, I (p H d), (p H d), _, {scale}, _, _, {zero}, w b H u d -> b s (H d), w b H v d",
            scale=scale,
            zero=zero,
        ),
        sizes={"H": node.integer("num_heads", 1), "p": 3, "w": 2},
        fits=(Fit("num_heads", {0: axis("H")}),),
        contracts=Contracts((("b", "s", "I", "p", "H", "d"), ("w", "b", "s", "s", "H", "d"))),
        integers=Integers((Quantized(0, 6, 3), Quantized(1, 7, 4))),
        why=Why("compares whole heads along this axis", Hold.HEADS),
    )


def _conv(node: Node, whole: Equation, *quantized: Quantized) -> Rule:
    """The rule of a convolution whose equation is that of Conv with other inputs between."""
    spatial = len(node.shape(0)) - 2
    product = ("n", "G", "I", "O", *names_of(axes("k", spatial)), *names_of(axes("t", spatial)))
    return Rule(
        whole,
        sizes={"G": node.integer("group", 1)},
        fits=(Fit("group", {0: axis("G")}),),
        contracts=Contracts((product,)),
        integers=Integers(quantized),
    )


def _by_block(node: Node, index: int, blocks: Axis) -> Operand:
    """The axes of scales or zero points by column and block: two, or one of both."""
    return (_COLUMNS, blocks) if len(node.shape(index)) == 2 else (Axis((_COLUMNS.factors + blocks.factors,)),)


def _broadcast(node: Node, tensors: tuple[int, ...], count: int) -> Rule:
    """The rule of an operator that broadcasts some of its `count` inputs; the others are scales and zero points."""
    whole = axes("A", len(node.output_shape()))
    inputs = [right_aligned(whole, node.shape(k)) if k in tensors else None for k in range(count)]
    return Rule(Equation.of(inputs, [right_aligned(whole, node.output_shape())]))


def _each(node: Node, index: int, along: Axis) -> Axis | None:
    """The axis of a scale or zero point: `along` for one of several values, `None` for a single one or none."""
    return along if node.shape(index) not in ((), (1,)) else None


def _operand(one: Axis | None) -> Operand | None:
    return None if one is None else (one,)


def _columns(node: Node, index: int) -> Operand | None:
    """As `_each`, for the columns of a product."""
    along = _each(node, index, _COLUMNS)
    return None if along is None else ((ONE,) * (len(node.shape(index)) - 1) + (along,))
