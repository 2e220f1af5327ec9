"""Nodes that mix along an axis, such as a LayerNormalization, made to see only what is kept of it.

What they compute then is what the pruned model must compute: their inputs are gathered at the kept positions, their
outputs spread to where these stood. The weights and the order of everything else stay the original's.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import onnx
from onnx import numpy_helper

from paoding_onnx.dependency.trace import Mask, Trace
from paoding_onnx.rules.binding import BoundNode, TensorUse
from paoding_onnx.rules.equation import Operand
from paoding_onnx.rules.forms import TAKE, take_along
from paoding_onnx.surgery.plan import Plan


@dataclass(frozen=True, slots=True)
class Narrowing:
    """Input or output number `index` of a node is narrowed to what is `kept` of one of its axes."""

    index: int
    axis: int
    kept: Mask


def narrowed_inputs(trace: Trace, bound: BoundNode, plan: Plan) -> tuple[Narrowing, ...]:
    """The inputs that a node must see less of; empty for one that mixes along nothing that shrinks."""
    return tuple(_narrowings(trace, bound, bound.inputs, bound.binding.inputs, plan))


def narrowed_outputs(trace: Trace, bound: BoundNode, plan: Plan) -> tuple[Narrowing, ...]:
    """The outputs that come out narrower then."""
    return tuple(_narrowings(trace, bound, bound.outputs, bound.binding.outputs, plan))


def restrict(
    proto: onnx.ModelProto, node: onnx.NodeProto, narrowed: tuple[Sequence[Narrowing], Sequence[Narrowing]], name: str
) -> list[onnx.NodeProto]:
    """Change a node to work on what is kept: inputs, then outputs; returns the nodes to insert, named after `name`."""
    inserted = []
    for narrowing in narrowed[0]:
        indices = _stored(proto, np.flatnonzero(narrowing.kept), f"{name}_in{narrowing.index}_{narrowing.axis}")
        inserted.append(_take(node.input[narrowing.index], indices, f"{indices}_taken", narrowing.axis))
        node.input[narrowing.index] = f"{indices}_taken"
    for narrowing in narrowed[1]:
        spread = np.maximum(np.cumsum(narrowing.kept) - 1, 0)  # what stands at removed positions, nobody may look at
        indices = _stored(proto, spread, f"{name}_out{narrowing.index}_{narrowing.axis}")
        whole = node.output[narrowing.index]
        node.output[narrowing.index] = f"{indices}_narrow"
        inserted.append(_take(f"{indices}_narrow", indices, whole, narrowing.axis))
    return inserted


def resize(node: onnx.NodeProto, trace: Trace, index: int, plan: Plan) -> None:
    """Give the attributes that hold sizes, such as a number of groups, what they are when units go."""
    bound, sizes = trace.bound_nodes[index], trace.sizes(index, plan.removed)
    for attribute in node.attribute:
        for fit in bound.rule.fits:
            if fit.holder == attribute.name and attribute.type == onnx.AttributeProto.INT and 0 in fit.axes:
                attribute.i = fit.axes[0].size(sizes)


def _narrowings(
    trace: Trace,
    bound: BoundNode,
    uses: Sequence[TensorUse | None],
    operands: Sequence[Operand | None],
    plan: Plan,
) -> Iterator[Narrowing]:
    for index, (use, operand) in enumerate(zip(uses, operands, strict=True)):
        for axis, factors in enumerate(operand or ()):
            if use is not None and not bound.binding.mixed.isdisjoint(factors.names):
                kept = trace.kept(use, axis, plan.removed)
                if not kept.all():
                    yield Narrowing(index, axis, kept)


def _stored(proto: onnx.ModelProto, indices: np.ndarray, name: str) -> str:
    proto.graph.initializer.append(numpy_helper.from_array(indices.astype(np.int64), name))
    return name


def _take(source: str, indices: str, target: str, axis: int) -> onnx.NodeProto:
    node = onnx.helper.make_node(TAKE, [source, indices], [target], target)
    form = take_along(axis)
    node.attribute.extend(onnx.helper.make_attribute(name, value) for name, value in form.attributes.items())
    return node
