"""Operators that compute with integers standing for floats: QLinearConv, MatMulInteger and their kin."""

from __future__ import annotations

import math

from paoding_onnx.model.graph import Node
from paoding_onnx.rules.rule import Fit, Quantized, Rule, axis_index, names, register, right_aligned, spell

_MICROSOFT = "com.microsoft"
_CONV = ("n", "G", "I", "O")


@register("QLinearConv", read=10)
@register("QLinearConv", read=1, domain=_MICROSOFT)
def qlinear_conv(node: Node) -> Rule:
    """ONNX QLinearConv-10, com.microsoft too: as Conv; weights may have a scale for each output channel."""
    scale, zero = _per(node, 4, "(G O)"), _per(node, 5, "(G O)")
    x, y = ("n *s (G I)", "n *t (G O)") if node.integer("channels_last", 0) else ("n (G I) *s", "n (G O) *t")
    return _conv(
        node,
        f"{x}, _, _, (G O) I *k, {scale}, {zero}, _, _, (G O) -> {y}",
        {0: Quantized(2, 1), 3: Quantized(5, 4)},
    )


@register("ConvInteger", read=10)
def conv_integer(node: Node) -> Rule:
    """ONNX ConvInteger-10: the sums of a convolution, scales are applied behind it."""
    equation = f"n (G I) *s, (G O) I *k, _, {_per(node, 3, '(G O)')} -> n (G O) *t"
    return _conv(node, equation, {0: Quantized(2), 1: Quantized(3)})


@register("QLinearMatMul", read=21)
def qlinear_matmul(node: Node) -> Rule:
    """ONNX QLinearMatMul-21: as MatMul; the second operand may have a scale for each column."""
    a, b, y = _product(node, 0, 3)
    columns = [_columns(node, 4), _columns(node, 5)]
    return Rule(
        spell([a, None, None, b, *columns, None, None], [y]),
        macs=(*y, "K"),
        quantized={0: Quantized(2, 1), 3: Quantized(5, 4)},
    )


@register("MatMulInteger", read=10)
def matmul_integer(node: Node) -> Rule:
    """ONNX MatMulInteger-10: the sums of a product, scales are applied behind it."""
    a, b, y = _product(node, 0, 1)
    return Rule(
        spell([a, b, None, _columns(node, 3)], [y]), macs=(*y, "K"), quantized={0: Quantized(2), 1: Quantized(3)}
    )


@register("MatMulIntegerToFloat", read=1, domain=_MICROSOFT)
def matmul_integer_to_float(node: Node) -> Rule:
    """com.microsoft MatMulIntegerToFloat: a product of integers, scaled, with a bias for each column."""
    a, b, y = _product(node, 0, 1)
    return Rule(
        spell([a, b, None, _columns(node, 3), None, _columns(node, 5), ["N"]], [y]),
        macs=(*y, "K"),
        quantized={0: Quantized(4, 2), 1: Quantized(5, 3)},
    )


@register("DynamicQuantizeMatMul", read=1, domain=_MICROSOFT)
def dynamic_matmul(node: Node) -> Rule:
    """com.microsoft DynamicQuantizeMatMul: the first operand is quantized by its own range, which includes zero."""
    a, b, y = _product(node, 0, 1)
    return Rule(
        spell([a, b, _columns(node, 2), _columns(node, 3), ["N"]], [y]),
        macs=(*y, "K"),
        quantized={1: Quantized(3, 2)},
        ranged=(0,),
    )


@register("QGemm", read=1, domain=_MICROSOFT)
def qgemm(node: Node) -> Rule:
    """com.microsoft QGemm: as Gemm; the second operand may have a scale for each column."""
    a = "K M" if node.integer("transA", 0) else "M K"
    b = "N K" if node.integer("transB", 0) else "K N"
    scale, zero = _per(node, 4, "N"), _per(node, 5, "N")
    c = " ".join(right_aligned(["M", "N"], node.shape(6)))
    return Rule(
        f"{a}, _, _, {b}, {scale}, {zero}, {c}, _, _ -> M N",
        macs=("M", "K", "N"),
        quantized={0: Quantized(2, 1), 3: Quantized(5, 4)},
    )


@register("QLinearAdd", "QLinearMul", read=1, domain=_MICROSOFT)
def qlinear_binary(node: Node) -> Rule:
    """com.microsoft QLinearAdd, QLinearMul: two tensors, each with its scale, broadcast as numpy does."""
    axes = names("A", len(node.output_shape()))
    a, b = (right_aligned(axes, node.shape(k)) for k in (0, 3))
    left = [a, None, None, b, None, None, None, None]
    return Rule(spell(left, [right_aligned(axes, node.output_shape())]))


@register("QLinearWhere", read=1, domain=_MICROSOFT)
def qlinear_where(node: Node) -> Rule:
    """com.microsoft QLinearWhere: a condition and two tensors, broadcast as numpy does."""
    axes = names("A", len(node.output_shape()))
    words = [right_aligned(axes, node.shape(k)) if k in (0, 1, 4) else None for k in range(9)]
    return Rule(spell(words, [right_aligned(axes, node.output_shape())]))


@register("QLinearSigmoid", "QLinearLeakyRelu", read=1, domain=_MICROSOFT)
def qlinear_activation(node: Node) -> Rule:
    """com.microsoft QLinearSigmoid, QLinearLeakyRelu: functions of one element."""
    return Rule("*A, _, _, _, _ -> *A")


@register("QLinearAveragePool", "QLinearGlobalAveragePool", read=1, domain=_MICROSOFT)
def qlinear_pool(node: Node) -> Rule:
    """com.microsoft QLinearAveragePool, QLinearGlobalAveragePool: over space, channels second or last."""
    x, y = ("n *s C", "n *t C") if node.integer("channels_last", 0) else ("n C *s", "n C *t")
    return Rule(f"{x}, _, _, _, _ -> {y}", why="slides over this axis")


@register("QLinearConcat", read=1, domain=_MICROSOFT)
def qlinear_concat(node: Node) -> Rule:
    """com.microsoft QLinearConcat: every third input from the third on is a segment, its scale behind it."""
    axes = names("A", len(node.output_shape()))
    axis = axis_index(node.integer("axis", 1), len(axes))
    parts = names("S", (len(node.inputs) - 2) // 3)
    left = [word for part in parts for word in ([*axes[:axis], part, *axes[axis + 1 :]], None, None)]
    return Rule(spell([None, None, *left], [[*axes[:axis], "+".join(parts), *axes[axis + 1 :]]]))


@register("QLinearSoftmax", read=1, domain=_MICROSOFT)
def qlinear_softmax(node: Node) -> Rule:
    """com.microsoft QLinearSoftmax: along one axis, or (attribute `opset` below 13) along it and all after it."""
    axes = names("A", len(node.shape(0)))
    first = axis_index(node.integer("axis", -1), len(axes))
    last = first + 1 if node.integer("opset", 1) >= 13 else len(axes)
    words = [name.lower() if first <= k < last else name for k, name in enumerate(axes)]
    return Rule(spell([words, None, None, None, None], [words]), why="normalises along this axis")


@register("MatMulNBits", read=1, domain=_MICROSOFT)
def matmul_blocks(node: Node) -> Rule:
    """com.microsoft MatMulNBits: one scale for each column and block of rows; blocks go whole, or stay if packed."""
    lead, size = names("A", len(node.shape(0)) - 1), node.integer("block_size", 32)
    n_scales = math.prod(node.shape(1)[:2])
    is_packed = node.shape(0)[-1] % size != 0 or math.prod(node.shape(3)) not in (1, n_scales)
    rows, block = ("k", "b") if is_packed else ("(B s)", "B")
    scale, zero = (f"N {b}" if len(node.shape(k)) == 2 else f"(N {b})" for k, b in ((2, block), (3, block)))
    zero = zero.replace("b", "z")
    fits = (Fit("N", {0: "N"}), *([] if is_packed else [Fit("K", {0: rows})]))
    return Rule(
        f"{' '.join(lead)} {rows}, N {block} q, {scale}, {zero}, _, N -> {' '.join(lead)} N",
        sizes={} if is_packed else {"s": size},
        fits=fits,
        macs=(*lead, *rows.strip("()").split(), "N"),
        why="has one scale for each block of this axis",
    )


@register("DynamicQuantizeLSTM", read=1, domain=_MICROSOFT)
def dynamic_lstm(node: Node) -> Rule:
    """com.microsoft DynamicQuantizeLSTM: hidden units share one range at every step, so they stay."""
    scale = " d (q h)" if len(node.shape(8)) == 2 else " d"
    return Rule(
        f"t n I, d I (q h), d h (q h), d (p h), _, d n h, d n h, d (v h),{scale},{scale},{scale},{scale} "
        "-> t d n h, d n h, d n h",
        sizes={"q": 4, "p": 8, "v": 3},
        macs=("t", "n", "d", "q", "h", "I"),
        more_macs=("t", "n", "d", "q", "h", "h"),
        quantized={1: Quantized(9, 8), 2: Quantized(11, 10)},
        ranged=(0,),
        why="quantizes all hidden units by their common range",
    )


@register("QAttention", read=1, domain=_MICROSOFT)
def qattention(node: Node) -> Rule:
    """com.microsoft QAttention: queries, keys and values from one weight; heads go whole."""
    scale, zero = _per(node, 4, "(p H d)"), _per(node, 7, "(p H d)")
    return Rule(
        f"b s I, I (p H d), (p H d), _, {scale}, _, _, {zero}, w b H u d -> b s (H d), w b H v d",
        sizes={"H": node.integer("num_heads", 1), "p": 3, "w": 2},
        fits=(Fit("num_heads", {0: "H"}),),
        macs=("b", "s", "I", "p", "H", "d"),
        more_macs=("w", "b", "s", "s", "H", "d"),
        quantized={0: Quantized(6, 3), 1: Quantized(7, 4)},
        why="compares whole heads along this axis",
    )


def _conv(node: Node, equation: str, quantized: dict[int, Quantized]) -> Rule:
    """The rule of a convolution whose equation is that of Conv with other inputs between."""
    spatial = len(node.shape(0)) - 2
    return Rule(
        equation,
        sizes={"G": node.integer("group", 1)},
        fits=(Fit("group", {0: "G"}),),
        macs=(*_CONV, *names("k", spatial), *names("t", spatial)),
        quantized=quantized,
    )


def _per(node: Node, index: int, word: str) -> str:
    """The axis of a scale or zero point: `word` for one of several values, ``_`` for a single one or none."""
    return word if node.shape(index) not in ((), (1,)) else "_"


def _columns(node: Node, index: int) -> list[str] | None:
    """As `_per`, for the columns of a product."""
    ndim = len(node.shape(index))
    return None if _per(node, index, "N") == "_" else ["1"] * (ndim - 1) + ["N"]


def _product(node: Node, first: int, second: int) -> tuple[list[str], list[str], list[str]]:
    """Axes of the operands and the result of a product as numpy.matmul makes it."""
    a, b = node.shape(first), node.shape(second)
    rows, columns = ["M"] * (len(a) > 1), ["N"] * (len(b) > 1)
    lead = names("A", len(node.output_shape()) - len(rows) - len(columns))
    left = [*right_aligned(lead, a[:-2]), *rows, "K"]
    return left, [*right_aligned(lead, b[:-2]), "K", *columns], [*lead, *rows, *columns]
