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

from paoding_onnx.dependency.trace import Mask, Trace, gone
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


def narrowed_inputs(trace: Trace, index: int, plan: Plan) -> tuple[Narrowing, ...]:
    """The inputs that node number `index` must see less of; empty for one that mixes along nothing that shrinks."""
    bound = trace.bound_nodes[index]
    return tuple(
        Narrowing(number, axis, kept)
        for number, (use, operand) in enumerate(zip(bound.inputs, bound.binding.inputs, strict=True))
        for axis in _mixed_axes(trace, index, operand, plan)
        if use is not None and not (kept := trace.kept(use, axis, plan.removed)).all()
    )


def narrowed_outputs(trace: Trace, index: int, plan: Plan) -> tuple[Narrowing, ...]:
    """The outputs that come out narrower then.

    An axis that the first input has too keeps its positions, but for as many at both ends where it comes out shorter:
    what the rule says of it is not relied upon.
    """
    bound = trace.bound_nodes[index]
    return tuple(
        Narrowing(number, axis, kept)
        for number, (use, operand) in enumerate(zip(bound.outputs, bound.binding.outputs, strict=True))
        for axis in _mixed_axes(trace, index, operand, plan)
        if use is not None and not (kept := _kept_by_output(trace, bound, use, axis, plan)).all()
    )


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
        rank, n_kept = np.cumsum(narrowing.kept) - 1, max(int(np.count_nonzero(narrowing.kept)), 1)
        elsewhere = (rank + 1 + n_kept // 2) % n_kept  # at removed positions, where nobody may look: no neighbour's
        spread = np.where(narrowing.kept, rank, elsewhere)
        indices = _stored(proto, spread, f"{name}_out{narrowing.index}_{narrowing.axis}")
        whole = node.output[narrowing.index]
        node.output[narrowing.index] = f"{indices}_narrow"
        inserted.append(_take(f"{indices}_narrow", indices, whole, narrowing.axis))
    return inserted


def _mixed_axes(trace: Trace, index: int, operand: Operand | None, plan: Plan) -> Iterator[int]:
    """The axes along which a node sees less than before: of whole groups that go, the others see nothing anyway."""
    factors, mixed = trace.factors[index], trace.bound_nodes[index].binding.mixed
    shrunk = {name for name in mixed if gone(factors[name], plan.removed).any()}
    return (axis for axis, one in enumerate(operand or ()) if not shrunk.isdisjoint(one.names))


def _kept_by_output(trace: Trace, bound: BoundNode, use: TensorUse, axis: int, plan: Plan) -> Mask:
    kept, source = trace.kept(use, axis, plan.removed), bound.inputs[0]
    if source is None or axis >= len(bound.binding.inputs[0] or ()):
        return kept
    first = trace.kept(source, axis, plan.removed)
    end, odd = divmod(first.size - kept.size, 2)
    return kept if end < 0 or odd else first[end : end + kept.size]


def _stored(proto: onnx.ModelProto, indices: np.ndarray, name: str) -> str:
    proto.graph.initializer.append(numpy_helper.from_array(indices.astype(np.int64), name))
    return name


def _take(source: str, indices: str, target: str, axis: int) -> onnx.NodeProto:
    node = onnx.helper.make_node(TAKE, [source, indices], [target], target)
    form = take_along(axis)
    node.attribute.extend(onnx.helper.make_attribute(name, value) for name, value in form.attributes.items())
    return node
