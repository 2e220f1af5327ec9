"""Nodes that decide by numbers: which are largest, which boxes overlap. Rounding may tip a decision between equals.

Everything behind such a decision would differ then, though nothing is wrong. So the numbers that it is made on are
compared, and behind it both models are made to go on from the same decision.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import onnx

from paoding_onnx.dependency.trace import Trace
from paoding_onnx.model.load import Model
from paoding_onnx.model.node_index import makers
from paoding_onnx.model.nodes import Array, Tensor
from paoding_onnx.rules.binding import BoundNode
from paoding_onnx.rules.facts import DataDependentShape, ReadsShape
from paoding_onnx.shapes.data_dependence import data_dependent_tensors

_OWN = "_decided_here"
_FEW, _SHARE, _TIPPED_FACTOR = 2, 0.1, 4
"""How many of the numbers of an outcome may differ: a few, a share of all, and times those that rounding tips."""
_WHOLE = (np.dtype(np.int64), np.dtype(np.int32))


@dataclass(frozen=True, slots=True)
class Decision:
    """A node whose `outputs` are whole numbers found by comparing floats, its `inputs`.

    Floats that go with them are outputs too if their number depends on the numbers compared; others must agree.
    """

    inputs: tuple[str, ...]
    outputs: tuple[Tensor, ...]


def decisions_of(trace: Trace) -> tuple[Decision, ...]:
    """The decisions that depend on what the model is fed; a node that works entry by entry compares nothing."""
    fed = data_dependent_tensors(trace.graph)
    found = []
    for bound in trace.bound_nodes:
        read = [t for t in bound.node.inputs if t is not None and t.name in fed and _kind(t) in ("f", "b")]
        made = tuple(t for t in bound.node.outputs if t is not None and t.dtype is not None and t.shape is not None)
        if not isinstance(bound.rule.shape, DataDependentShape):
            made = tuple(t for t in made if t.dtype in _WHOLE)
        if read and _compares(bound) and any(t.dtype in _WHOLE for t in made):
            found.append(Decision(tuple(t.name for t in read if _kind(t) == "f"), made))
    return tuple(found)


def steered(model: Model, decisions: Sequence[Decision]) -> Model:
    """`model` with the outcomes of decisions as inputs; what it would have decided itself is `own_name` of each."""
    proto = onnx.ModelProto()
    proto.CopyFrom(model.proto)
    where = makers(proto.graph.node)
    for tensor in (tensor for decision in decisions for tensor in decision.outputs if tensor.name in where):
        node = proto.graph.node[where[tensor.name]]
        node.output[:] = [own_name(name) if name == tensor.name else name for name in node.output]
        code = onnx.helper.np_dtype_to_tensor_dtype(tensor.dtype)
        proto.graph.input.append(onnx.helper.make_tensor_value_info(tensor.name, code, _dims(tensor)))
    return replace(model, proto=proto)


def own_name(name: str) -> str:
    """What the outcome of a decision is called where it is not gone on from."""
    return name + _OWN


def is_alike(wanted: Array, own: Array, rough: Array) -> bool:
    """Whether two outcomes of a decision may come from the same numbers; `rough` is `wanted` with other rounding.

    About as many of them, or as many and most of them the same, but for what rounding was seen to tip.
    """
    if wanted.dtype != own.dtype or wanted.ndim != own.ndim:
        return False
    if wanted.shape != own.shape:
        return all(2 * min(a, b) >= max(a, b) for a, b in zip(wanted.shape, own.shape, strict=True))
    tipped = np.count_nonzero(wanted != rough) if rough.shape == wanted.shape else wanted.size
    allowed = max(_FEW, _SHARE * wanted.size + _TIPPED_FACTOR * tipped)
    return wanted.dtype.kind == "f" or bool(np.count_nonzero(wanted != own) <= allowed)


def outcomes(decisions: Sequence[Decision], values: Mapping[str, Array]) -> dict[str, Array]:
    """The outcomes among the tensors of a run."""
    names = (tensor.name for decision in decisions for tensor in decision.outputs)
    return {name: values[name] for name in names if name in values}


def _compares(bound: BoundNode) -> bool:
    """Whether a node looks at several numbers to make one, and not at sizes."""
    loses = any(name not in bound.binding.made for name in bound.binding.sizes)
    return loses and not isinstance(bound.rule.shape, ReadsShape)


def _dims(tensor: Tensor) -> list[int | None]:
    """The sizes of a tensor as far as they never change."""
    shape = tensor.shape or ()
    return [None if is_open else size for size, is_open in zip(shape, tensor.open or (True,) * len(shape), strict=True)]


def _kind(tensor: Tensor) -> str:
    return tensor.dtype.kind if tensor.dtype is not None else ""
