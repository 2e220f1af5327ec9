"""Layers that can be fitted: contractions of a model, each with the tensor that its output ends up in."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from paoding_onnx.layerwise.contraction import (
    Contraction,
    contraction,
)
from paoding_onnx.model.graph import Graph
from paoding_onnx.model.nodes import Tensor
from paoding_onnx.rules.binding import BoundNode, bind_nodes
from paoding_onnx.rules.equation import ONE
from paoding_onnx.rules.facts import Clamp, Sum


@dataclass(frozen=True, slots=True)
class Offset:
    """A constant that shifts the output of a layer: adding `scale` times s to it adds s to the output."""

    tensor: str
    scale: float


@dataclass(frozen=True, slots=True)
class Layer:
    """Node number `index` of a model, a contraction with a `weight` of its own.

    `comparison_point` is the tensor to compare with the original's: the output, or what it became after shifts, gains
    and sums, up to and with node number `last`. One unit of the output is `gain` there, `(n_made,)` or `(1,)`. Beyond
    `clamp` its numbers make no difference. `is_last` says that no other contraction depends on it.
    """

    index: int
    bound: BoundNode
    of: Contraction
    weight: str
    comparison_point: str
    last: int
    gain: NDArray[np.float64]
    offset: Offset | None
    clamp: Clamp
    is_last: bool


def layers_of(graph: Graph) -> Iterator[Layer]:
    """The layers of a model whose weights are floats read by one node alone, in running order."""
    bound_nodes = bind_nodes(graph)
    readers = graph.readers
    leading = _leading(bound_nodes)
    for index, bound in enumerate(bound_nodes):
        of = contraction(bound)
        weight = bound.node.inputs[of.weight] if of is not None else None
        if (
            of is None
            or weight is None
            or bound.node.within
            or len(readers[weight.name]) != 1
            or weight.name in graph.outputs
        ):
            continue
        comparison_point, last, gain = _follow(graph, bound_nodes, readers, index)
        offset, clamp = (
            _offset(bound_nodes, readers, index),
            _clamp(graph, bound_nodes, readers[comparison_point], comparison_point),
        )
        yield Layer(index, bound, of, weight.name, comparison_point, last, gain, offset, clamp, index not in leading)


def _leading(bound_nodes: tuple[BoundNode, ...]) -> frozenset[int]:
    """Sites whose outputs other contractions depend on."""
    wanted: set[str] = set()
    found = set()
    for index in reversed(range(len(bound_nodes))):
        node = bound_nodes[index].node
        is_wanted = any(t is not None and t.name in wanted for t in node.outputs)
        found |= {index} if is_wanted else set()
        if is_wanted or bound_nodes[index].rule.contracts is not None or node.captures:
            wanted |= {t.name for t in node.inputs if t is not None and not t.is_constant} | set(node.captures)
    return frozenset(found)


def unit_axis(bound: BoundNode, of: Contraction) -> int | None:
    """The axis of the output on which all its units lie, in the order of the weight's factors; `None` if several do."""
    names = (*of.shared, *of.made)
    whole = enumerate(bound.binding.outputs[0] or ())
    axes = [number for number, one in whole if one.names == names and len(one.segments) == 1]
    return axes[0] if axes else None


def _follow(
    graph: Graph, bound_nodes: tuple[BoundNode, ...], readers: Mapping[str, list[int]], index: int
) -> tuple[str, int, NDArray[np.float64]]:
    """Where the output ends up as a part of a sum: tensor, last node, gain."""
    start = bound_nodes[index]
    of = contraction(start)
    axis = unit_axis(start, of) if of is not None else None
    tensor, last, gain = start.node.first_output, index, np.ones(1)
    while len(readers[tensor.name]) == 1 and tensor.name not in graph.outputs:
        following = bound_nodes[readers[tensor.name][0]]
        more = _gain(following, axis)
        if following.node.first_output.shape != tensor.shape or more is None:
            break
        tensor, last, gain = following.node.first_output, readers[tensor.name][0], gain * more
    return tensor.name, last, gain


def _clamp(graph: Graph, bound_nodes: tuple[BoundNode, ...], readers: list[int], name: str) -> Clamp:
    """What the only reader of a tensor does to numbers that are too small or too large for it."""
    acts = bound_nodes[readers[0]].rule.acts if len(readers) == 1 and name not in graph.outputs else None
    return acts if isinstance(acts, Clamp) else Clamp()


def _gain(bound: BoundNode, axis: int | None) -> NDArray[np.float64] | None:
    """By how much a node multiplies the units on an axis; `None` if it does anything but multiply and add."""
    affine = bound.rule.affine
    if affine is None:
        return np.ones(1) if isinstance(bound.rule.acts, Sum) else None
    gain = np.asarray(affine.gain, np.float64)
    if gain.size == 1:
        return gain if gain[0] else None
    return gain if axis is not None and _is_along(bound, affine.operand, axis) else None


def _is_along(bound: BoundNode, operand: int, axis: int) -> bool:
    """Whether a vector operand has the factors of this axis of the output."""
    own = [one for one in bound.binding.inputs[operand] or () if one != ONE]
    made = bound.binding.outputs[0] or ()
    return len(own) == 1 and axis < len(made) and made[axis] == own[0]


def _offset(bound_nodes: tuple[BoundNode, ...], readers: Mapping[str, list[int]], index: int) -> Offset | None:
    """The layer's own bias, or what the node right after it adds."""
    bound = bound_nodes[index]
    of = contraction(bound)
    axis = unit_axis(bound, of) if of is not None else None
    if axis is None:
        return None
    n_units = bound.node.output_shape()[axis]
    contracts = bound.rule.contracts
    if (
        contracts is not None
        and contracts.bias is not None
        and (bias := bound.node.operand(contracts.bias)) is not None
    ):
        is_own = _is_own(bias, n_units, readers) and bool(contracts.beta) and _is_along(bound, contracts.bias, axis)
        return Offset(bias.name, 1 / contracts.beta) if is_own else None
    users = readers[bound.node.first_output.name]
    following = bound_nodes[users[0]] if len(users) == 1 else None
    affine = following.rule.affine if following is not None else None
    if following is None or affine is None or affine.offset is None or _gain(following, axis) is None:
        return None
    constant = following.node.operand(affine.offset)
    is_own = constant is not None and _is_own(constant, n_units, readers) and _is_along(following, affine.offset, axis)
    return Offset(constant.name, affine.offset_sign) if constant is not None and is_own else None


def _is_own(tensor: Tensor, n_units: int, readers: Mapping[str, list[int]]) -> bool:
    is_vector = tensor.value is not None and tensor.value.size == n_units == max(tensor.value.shape, default=1)
    is_float = tensor.dtype is not None and tensor.dtype.kind == "f"
    return tensor.is_constant and is_vector and is_float and len(readers[tensor.name]) == 1


ROWS_PER_FEATURE = 8
"""Equations for each weight of an output, if there are as many."""
