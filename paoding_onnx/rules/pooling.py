"""Operators that pool or resample over space and keep channels apart."""

from __future__ import annotations

from paoding_onnx.model.graph import Node
from paoding_onnx.rules.rule import Fit, Passes, Rule, fixed, names, register, spell, window

_SLIDES = "slides over this axis"


@register("AveragePool", read=22)
def average_pool(node: Node) -> Rule:
    """ONNX AveragePool-22."""
    return _pool(node, Passes.ANY)


@register("LpPool", read=22)
def norm_pool(node: Node) -> Rule:
    """ONNX LpPool-22."""
    return _pool(node, Passes.POSITIVE)


@register("MaxPool", read=22)
def max_pool(node: Node) -> Rule:
    """ONNX MaxPool-22; the indices it can return count over all channels."""
    if len(node.outputs) > 1 and node.outputs[1] is not None:
        return fixed(node, "returns indices that count over all channels")
    return _pool(node, Passes.POSITIVE)


@register("GlobalAveragePool", read=22)
def global_average(node: Node) -> Rule:
    """ONNX GlobalAveragePool-22, over what may be channels that a Transpose moved, as in a LayerNormalization."""
    return _pool_all(node, Passes.ANY)


@register("GlobalMaxPool", "GlobalLpPool", read=22)
def global_norm(node: Node) -> Rule:
    """ONNX GlobalMaxPool-22, GlobalLpPool-22."""
    return _pool_all(node, Passes.POSITIVE)


def _pool_all(node: Node, passes: Passes) -> Rule:
    space = names("S", len(node.shape(0)) - 2)
    source, target = ["n", "C", *(f"~{name}" for name in space)], ["n", "C", *("1" for _ in space)]
    return Rule(spell([source], [target]), passes=passes)


def _pool(node: Node, passes: Passes) -> Rule:
    space = window(node, node.integers("kernel_shape") or ())
    equation = spell([["n", "C", *space.source]], [["n", "C", *space.target]])
    return Rule(equation, sizes=space.sizes, passes=passes, why=_SLIDES)


@register("Resize", read=19)
@register("Upsample", read=10)
def resize(node: Node) -> Rule:
    """ONNX Resize-19, Upsample-10: an axis that keeps its size may shrink, one that is resampled may not."""
    source, target = node.shape(0), node.output_shape()
    axes = node.integers("axes") or tuple(range(len(source)))
    entries = (node.entries(3) if node.version >= 11 else None) or ()
    open_axes = {axis for axis, entry in zip(axes, entries, strict=False) if entry is None}
    pairs = enumerate(zip(source, target, strict=True))
    kept = [before == after and axis not in open_axes for axis, (before, after) in pairs]
    left = [a if same else a.lower() for a, same in zip(names("A", len(source)), kept, strict=True)]
    right = [a if same else b for a, b, same in zip(left, names("b", len(target)), kept, strict=True)]
    inputs = [left, *[None] * (len(node.inputs) - 1)]
    return Rule(spell(inputs, [right]), fits=_target_sizes(node, right), why="is resampled along this axis")


def _target_sizes(node: Node, words: list[str]) -> tuple[Fit, ...]:
    """Where the sizes stand: input 3, in the order of the attribute `axes` (all axes without it)."""
    axes = node.integers("axes") or tuple(range(len(words)))
    if node.version < 11 or not node.entries(3):
        return ()
    return (Fit(3, {entry: words[axis] for entry, axis in enumerate(axes) if words[axis][0].isupper()}),)
