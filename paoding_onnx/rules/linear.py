"""Operators that multiply with weights and add up: Gemm, MatMul, Conv, ConvTranspose, Einsum."""

from __future__ import annotations

from paoding_onnx.model.nodes import Node
from paoding_onnx.rules.equation import Equation, axes, axis, names_of, right_aligned
from paoding_onnx.rules.facts import ANY_SCALE, Contracts
from paoding_onnx.rules.kernels import DENSE_MULTIPLE, DEPTHWISE_MULTIPLE
from paoding_onnx.rules.notation import parse
from paoding_onnx.rules.products import matrix_product, stacked_product
from paoding_onnx.rules.rule import Fit, Rule, fixed, register
from paoding_onnx.rules.why import SLIDES
from paoding_onnx.rules.windows import window


@register("Conv", read=22)
def conv(node: Node) -> Rule:
    """ONNX Conv-22: weights are (out channels, in channels of one group, kernel)."""
    group = node.integer("group", 1)
    space = window(node, node.shape(1)[2:])
    kernel = axes("k", len(space.source))
    return Rule(
        parse("n (G I) {x}, (G O) I {k}, (G O) -> n (G O) {y}", x=space.source, k=kernel, y=space.target),
        sizes={"G": group, **space.sizes},
        fits=(Fit("group", {0: axis("G")}),),
        contracts=Contracts(
            (("n", "G", "I", "O", *names_of(kernel), *names_of(space.target)),),
            bias=2,
            channel_multiple=DEPTHWISE_MULTIPLE if group > 1 else DENSE_MULTIPLE,
        ),
        acts=ANY_SCALE,
        why=SLIDES,
    )


@register("ConvTranspose", read=22)
def conv_transpose(node: Node) -> Rule:
    """ONNX ConvTranspose-22: weights are (in channels, out channels of one group, kernel); every input is spread."""
    spatial = len(node.shape(0)) - 2
    kernel, source = axes("k", spatial), axes("s", spatial)
    return Rule(
        parse("n (G I) *s, (G I) O *k, (G O) -> n (G O) *t"),
        sizes={"G": node.integer("group", 1)},
        fits=(Fit("group", {0: axis("G")}),),
        contracts=Contracts((("n", "G", "I", "O", *names_of(kernel), *names_of(source)),), bias=2),
        acts=ANY_SCALE,
        why=SLIDES,
    )


@register("Gemm", read=13)
def gemm(node: Node) -> Rule:
    """ONNX Gemm-13: A and B may be transposed, C broadcasts to the result."""
    ab = matrix_product(node)
    return Rule(
        Equation.of([ab.left, ab.right, right_aligned(ab.result, node.shape(2))], [ab.result]),
        contracts=Contracts((ab.names,), node.real("alpha", 1.0), node.real("beta", 1.0), bias=2),
        acts=ANY_SCALE,
    )


@register("MatMul", read=13)
def matmul(node: Node) -> Rule:
    """ONNX MatMul-13, as numpy.matmul: leading axes broadcast, a vector has no row or column axis."""
    ab = stacked_product(node, 0, 1)
    return Rule(Equation.of([ab.left, ab.right], [ab.result]), contracts=Contracts((ab.names,)), acts=ANY_SCALE)


@register("Einsum", read=28)
def einsum(node: Node) -> Rule:
    """ONNX Einsum-28: its equation is an axis equation already, one letter for each factor."""
    text = node.text("equation", "").replace(" ", "")
    if "." in text or "->" not in text:
        return fixed(node, "leaves axes of its equation unnamed")
    left, right = text.split("->")
    factors = {letter: axis(f"{letter.upper()}{k}") for k, letter in enumerate(sorted(set(left) - {","}))}
    inputs = [[factors[letter] for letter in operand] for operand in left.split(",")]
    return Rule(
        Equation.of(inputs, [[factors[letter] for letter in right]]),
        contracts=Contracts((names_of(factors.values()),)),
        acts=ANY_SCALE,
    )
