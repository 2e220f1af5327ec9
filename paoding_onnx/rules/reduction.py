"""Operators that reduce axes away."""

from __future__ import annotations

from collections.abc import Callable

from paoding_onnx.model.nodes import Node
from paoding_onnx.rules.equation import ONE, Axis, Equation, axes
from paoding_onnx.rules.facts import ANY_SCALE, POSITIVE_SCALE, Acts, Other
from paoding_onnx.rules.notation import parse
from paoding_onnx.rules.rule import Rule, axis_index, fixed, register
from paoding_onnx.rules.why import Hold, Why

_Form = Callable[[Axis], Axis]
"""What becomes of an axis that is reduced."""


@register("ReduceSum", read=13)
def reduce_sum(node: Node) -> Rule:
    """ONNX ReduceSum-13: a removed unit is one term less, which is exact."""
    return _reduce(node, _plain, ANY_SCALE)


@register("ReduceMean", read=18)
def reduce_mean(node: Node) -> Rule:
    """ONNX ReduceMean-18: a removed unit changes the divisor too, which is inexact."""
    return _reduce(node, Axis.mixed, ANY_SCALE)


@register("ReduceL1", "ReduceL2", read=18)
def reduce_norm(node: Node) -> Rule:
    """ONNX ReduceL1-18, ReduceL2-18: a removed unit is one term less, which is exact."""
    return _reduce(node, _plain, POSITIVE_SCALE)


@register("ReduceSumSquare", read=18)
@register("ReduceLogSum", read=28)
def reduce_squares(node: Node) -> Rule:
    """ONNX ReduceSumSquare-18, ReduceLogSum-28: a removed unit is one term less, which is exact."""
    return _reduce(node, _plain, Other())


@register("ReduceMax", "ReduceMin", read=20)
def reduce_extremes(node: Node) -> Rule:
    """ONNX ReduceMax-20, ReduceMin-20: a removed unit takes no part any more, which zero would, so it is inexact."""
    return _reduce(node, Axis.mixed, POSITIVE_SCALE)


@register("ReduceProd", read=18)
@register("ReduceLogSumExp", read=28)
def reduce_other(node: Node) -> Rule:
    """ONNX ReduceProd-18 and the like: no unit can leave without a trace."""
    return _reduce(node, Axis.pinned, Other())


@register("ArgMax", "ArgMin", read=13)
def arg_max(node: Node) -> Rule:
    """ONNX ArgMax-13: answers with positions along the axis."""
    return _over(node, {axis_index(node.integer("axis", 0), len(node.shape(0)))}, Axis.pinned, Other())


def _plain(one: Axis) -> Axis:
    return one


def _reduce(node: Node, form: _Form, acts: Acts) -> Rule:
    given = node.integers("axes") or node.entries(1)
    ndim = len(node.shape(0))
    if (given is None and len(node.inputs) > 1 and node.inputs[1] is not None) or (given and None in given):
        return fixed(node, Why("reduces over axes chosen while running", Hold.SIZES))
    if not given and node.integer("noop_with_empty_axes", 0):
        return Rule(parse("*A, _ -> *A"), acts=acts)
    return _over(node, {axis_index(k, ndim) for k in given or range(ndim) if k is not None}, form, acts)


def _over(node: Node, reduced: set[int], form: _Form, acts: Acts) -> Rule:
    whole = axes("A", len(node.shape(0)))
    source = [form(one) if k in reduced else one for k, one in enumerate(whole)]
    left = (ONE,) if node.integer("keepdims", 1) else ()
    target = [one for k, whole_one in enumerate(whole) for one in (left if k in reduced else (whole_one,))]
    inputs = [source, *[None] * (len(node.inputs) - 1)]
    return Rule(Equation.of(inputs, [target]), acts=acts, why="reduces over this axis")
