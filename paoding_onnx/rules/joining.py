"""Operators that lay tensors end to end, or take them apart again: Concat, Split."""

from __future__ import annotations

from paoding_onnx.model.nodes import Node
from paoding_onnx.rules.equation import Equation, axes, axis, exchanged, joined
from paoding_onnx.rules.facts import ANY_SCALE
from paoding_onnx.rules.rule import Fit, Rule, axis_index, fixed, register
from paoding_onnx.rules.why import Hold, Why


@register("Concat", read=13)
def concat(node: Node) -> Rule:
    """ONNX Concat-13: the inputs become segments of one axis, in their order."""
    whole = axes("A", len(node.output_shape()))
    along = axis_index(node.integer("axis", 1), len(whole))
    parts = axes("S", len(node.inputs))
    left = [exchanged(whole, along, part) for part in parts]
    return Rule(Equation.of(left, [exchanged(whole, along, joined(parts))]), acts=ANY_SCALE)


@register("Split", read=18)
def split(node: Node) -> Rule:
    """ONNX Split-18: segments of given sizes; without sizes, equal parts that keep the same positions of each."""
    whole = axes("A", len(node.shape(0)))
    along = axis_index(node.integer("axis", 0), len(whole))
    holder: str | int = "split" if node.version < 13 else 1
    sizes = node.integers("split") if node.version < 13 else node.entries(1)
    if sizes is None and len(node.inputs) == 1:
        return _equal_split(node, along)
    parts = axes("S", len(node.outputs))
    if None in node.outputs:
        return fixed(node, "splits into parts that are not all named")
    if sizes is None or None in sizes:
        return _computed_split(node, along)
    left = [exchanged(whole, along, joined(parts)), *[None] * (len(node.inputs) - 1)]
    right = [exchanged(whole, along, part) for part in parts]
    return Rule(Equation.of(left, right), fits=(Fit(holder, dict(enumerate(parts))),), acts=ANY_SCALE)


def _computed_split(node: Node, along: int) -> Rule:
    whole, parts = axes("A", len(node.shape(0))), axes("s", len(node.outputs))
    left = [exchanged(whole, along, axis("s")), *[None] * (len(node.inputs) - 1)]
    pieces = Equation.of(left, [exchanged(whole, along, part) for part in parts])
    return Rule(pieces, acts=ANY_SCALE, why=Why("splits into parts whose sizes are computed while running", Hold.SIZES))


def _equal_split(node: Node, along: int) -> Rule:
    count = len(node.outputs)
    if node.shape(0)[along] % count:
        return fixed(node, "splits into unequal parts without saying their sizes")
    whole = axes("A", len(node.shape(0)))
    left, right = exchanged(whole, along, axis("p", "S")), exchanged(whole, along, axis("S"))
    return Rule(Equation.of([left], [right] * count), sizes={"p": count}, acts=ANY_SCALE)
