"""Operators that pool or resample over space and keep channels apart."""

from __future__ import annotations

from paoding_onnx.graph import Node
from paoding_onnx.rules.rule import Fit
from paoding_onnx.rules.rule import Passes
from paoding_onnx.rules.rule import Rule
from paoding_onnx.rules.rule import fixed
from paoding_onnx.rules.rule import names
from paoding_onnx.rules.rule import register
from paoding_onnx.rules.rule import spell


@register("AveragePool", "GlobalAveragePool", read=22)
def average_pool(node: Node) -> Rule:
    """ONNX AveragePool-22, GlobalAveragePool-22."""
    return Rule("n C *s -> n C *t", passes=Passes.ANY, why="slides over this axis")


@register("GlobalMaxPool", "LpPool", "GlobalLpPool", read=22)
def other_pool(node: Node) -> Rule:
    """ONNX GlobalMaxPool-22, LpPool-22, GlobalLpPool-22."""
    return Rule("n C *s -> n C *t", passes=Passes.POSITIVE, why="slides over this axis")


@register("MaxPool", read=22)
def max_pool(node: Node) -> Rule:
    """ONNX MaxPool-22; the indices it can return count over all channels."""
    if len(node.outputs) > 1 and node.outputs[1] is not None:
        return fixed(node, "returns indices that count over all channels")
    return Rule("n C *s -> n C *t", passes=Passes.POSITIVE, why="slides over this axis")


@register("Resize", read=19)
@register("Upsample", read=10)
def resize(node: Node) -> Rule:
    """ONNX Resize-19, Upsample-10: an axis that keeps its size may shrink, one that is resampled may not."""
    source, target = node.shape(0), node.output_shape()
    if node.version >= 11 and None in (node.entries(3) or ()):
        return fixed(node, "its target shape is computed while running")
    kept = [before == after for before, after in zip(source, target, strict=True)]
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
