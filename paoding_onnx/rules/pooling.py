"""Operators that pool or resample over space and keep channels apart."""

from __future__ import annotations

from collections.abc import Sequence

from paoding_onnx.model.nodes import Node
from paoding_onnx.rules.equation import ONE, Axis, Equation, axes
from paoding_onnx.rules.facts import ANY_SCALE, POSITIVE_SCALE, Acts
from paoding_onnx.rules.notation import parse
from paoding_onnx.rules.rule import Fit, Rule, fixed, register
from paoding_onnx.rules.why import SLIDES, Hold, Why
from paoding_onnx.rules.windows import window


@register("AveragePool", read=22)
def average_pool(node: Node) -> Rule:
    """ONNX AveragePool-22."""
    return _pool(node, ANY_SCALE)


@register("LpPool", read=22)
def norm_pool(node: Node) -> Rule:
    """ONNX LpPool-22."""
    return _pool(node, POSITIVE_SCALE)


@register("MaxPool", read=22)
def max_pool(node: Node) -> Rule:
    """ONNX MaxPool-22; the indices it can return count over all channels."""
    if len(node.outputs) > 1 and node.outputs[1] is not None:
        return fixed(node, "returns indices that count over all channels")
    return _pool(node, POSITIVE_SCALE)


@register("GlobalAveragePool", read=22)
def global_average(node: Node) -> Rule:
    """ONNX GlobalAveragePool-22, over what may be channels that a Transpose moved, as in a LayerNormalization."""
    return _pool_all(node, ANY_SCALE)


@register("GlobalMaxPool", "GlobalLpPool", read=22)
def global_norm(node: Node) -> Rule:
    """ONNX GlobalMaxPool-22, GlobalLpPool-22."""
    return _pool_all(node, POSITIVE_SCALE)


@register("Resize", read=19)
@register("Upsample", read=10)
def resize(node: Node) -> Rule:
    """ONNX Resize-19, Upsample-10: an axis that keeps its size may shrink, one that is resampled may not.

    Nor may any whose size is asked for by numbers that are not known, as they could not be rewritten.
    """
    source, target = node.shape(0), node.output_shape()
    given = node.integers("axes") or tuple(range(len(source)))
    entries = (node.entries(3) if node.version >= 11 else None) or ()
    if node.version >= 11 and node.operand(3) is not None and node.entries(3) is None:
        entries = (None,) * len(given)
    varying = {k for k, entry in zip(given, entries, strict=False) if entry is None}
    pairs = enumerate(zip(source, target, strict=True))
    kept = [before == after and k not in varying for k, (before, after) in pairs]
    left = [one if same else one.pinned() for one, same in zip(axes("A", len(source)), kept, strict=True)]
    right = [a if same else b for a, b, same in zip(left, axes("b", len(target)), kept, strict=True)]
    inputs = [left, *[None] * (len(node.inputs) - 1)]
    return Rule(
        Equation.of(inputs, [right]),
        fits=_target_sizes(node, right),
        why=Why("is resampled along this axis", Hold.POSITIONS),
    )


def _pool_all(node: Node, acts: Acts) -> Rule:
    space = axes("S", len(node.shape(0)) - 2)
    source, target = [one.mixed() for one in space], [ONE] * len(space)
    return Rule(parse("n C {x} -> n C {y}", x=source, y=target), acts=acts)


def _pool(node: Node, acts: Acts) -> Rule:
    space = window(node, node.integers("kernel_shape") or ())
    windowed = parse("n C {x} -> n C {y}", x=space.source, y=space.target)
    return Rule(windowed, sizes=space.sizes, acts=acts, why=SLIDES)


def _target_sizes(node: Node, whole: Sequence[Axis]) -> tuple[Fit, ...]:
    """Where the sizes stand: input 3, in the order of the attribute `axes` (all axes without it)."""
    given = node.integers("axes") or tuple(range(len(whole)))
    if node.version < 11 or not node.entries(3):
        return ()
    return (Fit(3, {entry: whole[k] for entry, k in enumerate(given) if whole[k].free}),)
