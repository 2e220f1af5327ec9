"""Operators that reduce axes away."""

from __future__ import annotations

from paoding_onnx.model.graph import Node
from paoding_onnx.rules.rule import Passes, Rule, axis_index, fixed, names, register, spell


@register("ReduceSum", read=13)
def reduce_sum(node: Node) -> Rule:
    """ONNX ReduceSum-13: a removed unit is one term less, which is exact."""
    return _reduce(node, "{}", Passes.ANY)


@register("ReduceMean", read=18)
def reduce_mean(node: Node) -> Rule:
    """ONNX ReduceMean-18: a removed unit changes the divisor too, which is inexact."""
    return _reduce(node, "~{}", Passes.ANY)


@register("ReduceL1", "ReduceL2", read=18)
def reduce_norm(node: Node) -> Rule:
    """ONNX ReduceL1-18, ReduceL2-18: a removed unit is one term less, which is exact."""
    return _reduce(node, "{}", Passes.POSITIVE)


@register("ReduceSumSquare", read=18)
def reduce_squares(node: Node) -> Rule:
    """ONNX ReduceSumSquare-18: a removed unit is one term less, which is exact."""
    return _reduce(node, "{}", Passes.ONE)


@register("ReduceMax", "ReduceMin", read=20)
def reduce_extremes(node: Node) -> Rule:
    """ONNX ReduceMax-20, ReduceMin-20: a removed unit takes no part any more, which zero would, so it is inexact."""
    return _reduce(node, "~{}", Passes.POSITIVE)


@register("ReduceProd", read=18)
@register("ReduceLogSum", "ReduceLogSumExp", read=28)
def reduce_other(node: Node) -> Rule:
    """ONNX ReduceProd-18 and the like: no unit can leave without a trace."""
    return _reduce(node, "{}", Passes.ONE, lower=True)


@register("ArgMax", "ArgMin", read=13)
def arg_max(node: Node) -> Rule:
    """ONNX ArgMax-13: answers with positions along the axis."""
    axis = axis_index(node.integer("axis", 0), len(node.shape(0)))
    return _spell(node, {axis}, "{}", Passes.ONE, lower=True)


def _reduce(node: Node, spelling: str, passes: Passes, *, lower: bool = False) -> Rule:
    axes = node.integers("axes") or node.entries(1)
    ndim = len(node.shape(0))
    if (axes is None and len(node.inputs) > 1 and node.inputs[1] is not None) or (axes and None in axes):
        return fixed(node, "reduces over axes chosen while running")
    if not axes and node.integer("noop_with_empty_axes", 0):
        return Rule("*A, _ -> *A", passes=passes)
    reduced = {axis_index(axis, ndim) for axis in axes or range(ndim) if axis is not None}
    return _spell(node, reduced, spelling, passes, lower=lower)


def _spell(node: Node, reduced: set[int], spelling: str, passes: Passes, *, lower: bool) -> Rule:
    plain = names("A", len(node.shape(0)))
    source = [
        (name.lower() if lower else spelling.format(name)) if axis in reduced else name
        for axis, name in enumerate(plain)
    ]
    gone = ["1"] if node.integer("keepdims", 1) else []
    target = [word for axis, name in enumerate(plain) for word in (gone if axis in reduced else [name])]
    return Rule(
        spell([source, *[None] * (len(node.inputs) - 1)], [target]), passes=passes, why="reduces over this axis"
    )
