"""Nodes that decide by numbers: which are largest, which boxes overlap. Rounding may tip a decision between equals.

Everything behind such a decision would differ then, though nothing is wrong. So the numbers that it is made on are
compared, and behind it both models are made to go on from the same decision.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import onnx

from paoding_onnx.dependency.trace import Trace
from paoding_onnx.model.load import Model
from paoding_onnx.model.node_index import makers
from paoding_onnx.model.nodes import Array, Part, Tensor
from paoding_onnx.rules.binding import BoundNode
from paoding_onnx.rules.facts import DataDependentShape, ReadsShape
from paoding_onnx.rules.forms import quantizes
from paoding_onnx.shapes.data_dependence import data_dependent_tensors

_OWN = "_decided_here"
_FEW, _SHARE = 2, 0.1
"""How many entries of an outcome may differ besides those that rounding was seen to tip: a few, or a share of all."""
_WHOLE = (np.dtype(np.int64), np.dtype(np.int32))


@dataclass(frozen=True, slots=True)
class Decision:
    """A node whose `outputs` are whole numbers found by comparing floats, its `inputs`.

    Of a list (`is_list`) the number of entries depends on the numbers compared; floats that go with it are outputs too,
    others must agree. Where each float is rounded for itself (`is_rounding`), it may come out one step off.
    """

    inputs: tuple[str, ...]
    outputs: tuple[Tensor, ...]
    is_list: bool = False
    is_rounding: bool = False


def decisions_of(trace: Trace) -> tuple[Decision, ...]:
    """The decisions that depend on what the model is fed; a node that works entry by entry compares nothing."""
    fed = data_dependent_tensors(trace.graph) if any(map(_may_decide, trace.bound_nodes)) else frozenset[str]()
    found = []
    for bound in trace.bound_nodes:
        if bound.node.within or bound.node.part is not Part.WHOLE:
            continue  # behind what a step decides there are others, and no way to lead them
        read = [t for t in bound.node.inputs if t is not None and t.name in fed and _kind(t) in ("f", "b")]
        made = tuple(t for t in bound.node.outputs if t is not None and t.dtype is not None and t.shape is not None)
        is_list = isinstance(bound.rule.shape, DataDependentShape)
        if not is_list:
            made = tuple(t for t in made if t.dtype in _WHOLE)
        floats = tuple(t.name for t in read if _kind(t) == "f")
        if read and _compares(bound) and any(t.dtype in _WHOLE for t in made):
            found.append(Decision(floats, made, is_list))
        elif floats and quantizes(bound.node.operator):
            rounded = tuple(t for t in bound.node.outputs if t is not None and t.shape is not None and _kind(t) in "iu")
            found.append(Decision(floats, rounded, is_rounding=True))
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
        sizes = [None] * len(tensor.shape or ())  # units may lie on any of its axes, and be gone
        proto.graph.input.append(onnx.helper.make_tensor_value_info(tensor.name, code, sizes))
    return replace(model, proto=proto)


def own_name(name: str) -> str:
    """What the outcome of a decision is called where it is not gone on from."""
    return name + _OWN


def is_alike(wanted: Array, own: Array, rough: Sequence[Array], decision: Decision) -> bool:
    """Whether two outcomes of a decision may come from the same numbers; `rough` are `wanted` with other rounding.

    Most of their entries have to be the same, but for those that rounding was seen to tip; a list may have them in
    another order. What is rounded number by number is at most a step off.
    """
    if wanted.dtype != own.dtype or wanted.ndim != own.ndim:
        return False
    if decision.is_rounding and wanted.shape == own.shape:
        steps = np.abs(np.asarray(wanted, np.int64) - np.asarray(own, np.int64))
        return bool(steps.max(initial=0) <= 1) and _is_little(int(np.count_nonzero(steps)), wanted.size)
    if not decision.is_list:
        return wanted.shape == own.shape and _is_little(_untipped(wanted, own, rough), wanted.size)
    if wanted.dtype.kind == "f":
        longer = max((abs(wanted.size - other.size) for other in rough), default=0)
        return _is_little(abs(wanted.size - own.size) - longer, wanted.size)
    return _is_little(_unlisted(wanted, own, rough), len(_entries(wanted, own)))


def _is_little(count: int, size: int) -> bool:
    return count <= max(_FEW, _SHARE * size)


def _untipped(wanted: Array, own: Array, rough: Sequence[Array]) -> int:
    """How many numbers differ that no other rounding changes."""
    differ = wanted != own
    for other in rough:
        differ &= True if other.shape != wanted.shape else wanted == other
    return int(np.count_nonzero(differ))


def _unlisted(wanted: Array, own: Array, rough: Sequence[Array]) -> int:
    """How many entries one of two lists has and the other has not, except for those that come or go with rounding."""
    more, less = _apart(wanted, own)
    for other in rough:
        come, go = _apart(wanted, other)
        tipped = come | go
        more, less = (Counter({k: n for k, n in one.items() if k not in tipped}) for one in (more, less))
    return max(more.total(), less.total())


def _apart(first: Array, second: Array) -> tuple[Counter[bytes], Counter[bytes]]:
    """What entries the second list has more than the first, and what less."""
    counts = [Counter(map(bytes, np.ascontiguousarray(_entries(*two)))) for two in ((first, second), (second, first))]
    return counts[1] - counts[0], counts[0] - counts[1]


def _entries(array: Array, other: Array) -> Array:
    """The entries of a list, a row each; they lie along the axis that is longer in another one, else the longest."""
    differ = [axis for axis, sizes in enumerate(zip(array.shape, other.shape, strict=True)) if len(set(sizes)) > 1]
    longest = int(np.argmax(array.shape)) if array.ndim else 0
    axis = differ[0] if differ else longest
    moved = np.moveaxis(np.atleast_1d(array), axis, 0)
    return moved.reshape(len(moved), math.prod(moved.shape[1:]))


def outcomes(decisions: Sequence[Decision], values: Mapping[str, Array]) -> dict[str, Array]:
    """The outcomes among the tensors of a run."""
    names = (tensor.name for decision in decisions for tensor in decision.outputs)
    return {name: values[name] for name in names if name in values}


def _may_decide(bound: BoundNode) -> bool:
    """Whether a node may, whatever is fed, which takes time to tell: it makes whole numbers of floats, or rounds."""
    if quantizes(bound.node.operator):
        return True
    makes_whole = any(tensor is not None and tensor.dtype in _WHOLE for tensor in bound.node.outputs)
    reads = any(t is not None and not t.is_constant and _kind(t) in ("f", "b") for t in bound.node.inputs)
    return makes_whole and reads and _compares(bound)


def _compares(bound: BoundNode) -> bool:
    """Whether a node looks at several numbers to make one, and not at sizes."""
    loses = any(name not in bound.binding.made for name in bound.binding.sizes)
    return loses and not isinstance(bound.rule.shape, ReadsShape)


def _kind(tensor: Tensor) -> str:
    return tensor.dtype.kind if tensor.dtype is not None else ""
