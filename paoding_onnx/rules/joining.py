"""Operators that lay tensors end to end, or take them apart again: Concat, Split."""

from __future__ import annotations

from paoding_onnx.model.graph import Node
from paoding_onnx.rules.rule import Fit, Passes, Rule, axis_index, fixed, names, register, spell


@register("Concat", read=13)
def concat(node: Node) -> Rule:
    """ONNX Concat-13: the inputs become segments of one axis, in their order."""
    ndim = len(node.output_shape())
    axis = axis_index(node.integer("axis", 1), ndim)
    parts = names("S", len(node.inputs))
    left = [_with(ndim, axis, part) for part in parts]
    return Rule(spell(left, [_with(ndim, axis, "+".join(parts))]), passes=Passes.ANY)


@register("Split", read=18)
def split(node: Node) -> Rule:
    """ONNX Split-18: segments of given sizes; without sizes, equal parts that keep the same places of each."""
    ndim = len(node.shape(0))
    axis = axis_index(node.integer("axis", 0), ndim)
    place: str | int = "split" if node.version < 13 else 1
    sizes = node.integers("split") if node.version < 13 else node.entries(1)
    if sizes is None:
        return _equal_split(node, ndim, axis)
    parts = names("S", len(node.outputs))
    if None in sizes or None in node.outputs:
        return fixed(node, "splits into parts whose sizes are computed while running, or that are not all named")
    fit = Fit(place, dict(enumerate(parts)))
    right = [_with(ndim, axis, part) for part in parts]
    left = [_with(ndim, axis, "+".join(parts)), *[None] * (len(node.inputs) - 1)]
    return Rule(spell(left, right), fits=(fit,), passes=Passes.ANY)


def _equal_split(node: Node, ndim: int, axis: int) -> Rule:
    count = len(node.outputs)
    if node.shape(0)[axis] % count:
        return fixed(node, "splits into unequal parts without saying their sizes")
    right = [_with(ndim, axis, "S")] * count
    return Rule(spell([_with(ndim, axis, "(p S)")], right), sizes={"p": count}, passes=Passes.ANY)


def _with(ndim: int, axis: int, word: str) -> list[str]:
    return [word if index == axis else name for index, name in enumerate(names("A", ndim))]
