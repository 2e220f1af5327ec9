"""Operators that multiply with weights and add up: Gemm, MatMul, Conv, ConvTranspose, Einsum."""

from __future__ import annotations

from paoding_onnx.model.graph import Node
from paoding_onnx.rules.rule import Fit, Passes, Rule, fixed, names, register, right_aligned, spell, window

DENSE_ALIGNED = 16
"""Dense Conv gets faster on onnxruntime's x86 kernels in steps of 16 channels (measured)."""
DEPTHWISE_ALIGNED = 4
"""Depthwise Conv is 2 to 8 times slower at channel counts that are no multiple of 4 (measured)."""


@register("Conv", read=22)
def conv(node: Node) -> Rule:
    """ONNX Conv-22: weights are (out channels, in channels of one group, kernel)."""
    group = node.integer("group", 1)
    space = window(node, node.shape(1)[2:])
    kernel = names("k", len(space.source))
    left = [["n", "(G I)", *space.source], ["(G O)", "I", *kernel], ["(G O)"]]
    return Rule(
        spell(left, [["n", "(G O)", *space.target]]),
        sizes={"G": group, **space.sizes},
        fits=(Fit("group", {0: "G"}),),
        passes=Passes.ANY,
        bias=2,
        macs=("n", "G", "I", "O", *kernel, *(word.removeprefix("~") for word in space.target)),
        aligned=DEPTHWISE_ALIGNED if group > 1 else DENSE_ALIGNED,
    )


@register("ConvTranspose", read=22)
def conv_transpose(node: Node) -> Rule:
    """ONNX ConvTranspose-22: weights are (in channels, out channels of one group, kernel); every input is spread."""
    spatial = len(node.shape(0)) - 2
    return Rule(
        "n (G I) *s, (G I) O *k, (G O) -> n (G O) *t",
        sizes={"G": node.integer("group", 1)},
        fits=(Fit("group", {0: "G"}),),
        passes=Passes.ANY,
        bias=2,
        macs=("n", "G", "I", "O", *names("k", spatial), *names("s", spatial)),
    )


@register("Gemm", read=13)
def gemm(node: Node) -> Rule:
    """ONNX Gemm-13: A and B may be transposed, C broadcasts to the result."""
    a = "K M" if node.integer("transA", 0) else "M K"
    b = "N K" if node.integer("transB", 0) else "K N"
    c = [word if size > 1 else "1" for word, size in zip("MN"[-len(node.shape(2)) :], node.shape(2), strict=False)]
    return Rule(
        f"{a}, {b}, {' '.join(c)} -> M N",
        macs=("M", "K", "N"),
        gain=node.real("alpha", 1.0),
        bias_gain=node.real("beta", 1.0),
        bias=2,
        passes=Passes.ANY,
    )


@register("MatMul", read=13)
def matmul(node: Node) -> Rule:
    """ONNX MatMul-13, as numpy.matmul: leading axes broadcast, a vector has no row or column axis."""
    a, b, y = node.shape(0), node.shape(1), node.output_shape()
    rows = ["M"] if len(a) > 1 else []
    columns = ["N"] if len(b) > 1 else []
    leading = names("A", len(y) - len(rows) - len(columns))
    left = [*right_aligned(leading, a[:-2]), *rows, "K"]
    right = [*right_aligned(leading, b[:-2]), "K", *columns]
    equation = spell([left, right], [[*leading, *rows, *columns]])
    return Rule(equation, macs=(*leading, *rows, "K", *columns), passes=Passes.ANY)


@register("Einsum", read=28)
def einsum(node: Node) -> Rule:
    """ONNX Einsum-28: its equation is an axis equation already, one letter for each factor."""
    text = node.text("equation", "").replace(" ", "")
    if "." in text or "->" not in text:
        return fixed(node, "leaves axes of its equation unnamed")
    left, right = text.split("->")
    words = {letter: f"{letter.upper()}{k}" for k, letter in enumerate(sorted(set(left) - {","}))}
    inputs = [[words[letter] for letter in operand] for operand in left.split(",")]
    equation = spell(inputs, [[words[letter] for letter in right]])
    return Rule(equation, macs=tuple(words.values()), passes=Passes.ANY)
