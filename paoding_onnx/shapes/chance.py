"""CHANCE: nodes by which a choice in the middle of a network falls at random while it is looked at.

What is fed decides, so that a model and what was cut from it take the same branch, and each is taken about half of the
times, whatever the inputs at hand would lead to.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType

import numpy as np
import onnx
from onnx import numpy_helper

from paoding_onnx.model.naming import free_name
from paoding_onnx.model.nodes import TensorSpec
from paoding_onnx.rules.chance import ADD_UP, CAST, CAST_TO, FLOAT, HOLD, HOLD_IN, Step, binary_place, summed_up

_NAME = "drawn"
_NOTHING: Mapping[str, int] = MappingProxyType({})


def draw(inputs: Sequence[TensorSpec], number: int, taken: set[str]) -> list[onnx.NodeProto]:
    """Nodes of which the last makes yes or no of what is fed, each `number` another; under names that are not taken."""
    nodes: list[onnx.NodeProto] = []
    total = ""
    for spec in inputs:
        if spec.dtype is None or spec.dtype.kind not in "fiub":
            continue
        nodes += _chain(spec.name, summed_up(), taken)
        own = nodes[-1].output[0]
        if total:
            nodes.append(_node(ADD_UP, [total, own], taken))
        total = nodes[-1].output[0]
    return [*nodes, *_chain(total, binary_place(number), taken)] if total else []


def _chain(source: str, steps: Iterable[Step], taken: set[str]) -> Iterator[onnx.NodeProto]:
    """One node for each step, the first of which reads `source`; what stands beside is made right before."""
    for step in steps:
        read = [source]
        if step.beside is not None:
            number = numpy_helper.from_array(np.array(step.beside, np.int64))
            yield (held := _node(HOLD, [], taken, {HOLD_IN: number}))
            read.append(held.output[0])
        if step.as_float:
            yield (cast := _node(CAST, read[1:], taken, {CAST_TO: FLOAT}))
            read[1] = cast.output[0]
        yield (node := _node(step.operator, read, taken, step.attributes))
        source = node.output[0]


def _node(
    operator: str, read: Sequence[str], taken: set[str], attributes: Mapping[str, int | onnx.TensorProto] = _NOTHING
) -> onnx.NodeProto:
    node = onnx.helper.make_node(operator, read, [free_name(_NAME, taken)])
    node.attribute.extend(onnx.helper.make_attribute(name, value) for name, value in attributes.items())
    return node
