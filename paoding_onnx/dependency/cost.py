"""Parameters and multiply-adds of a graph, before and after units go. Counts only."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from paoding_onnx.dependency.trace import Group, Mask, Trace, gone
from paoding_onnx.model.graph import Graph
from paoding_onnx.model.nodes import Array, Tensor
from paoding_onnx.rules.binding import BoundNode, TensorUse, rebound


@dataclass(frozen=True, slots=True)
class Cost:
    """Parameters: elements of constants that hold weights. MACs: multiply-adds of one run, counted once."""

    parameters: int
    macs: int


def nothing(trace: Trace) -> Mask:
    """The mask that removes no unit; `(n_units,)`."""
    return np.zeros(trace.n_units, np.bool_)


def unread(trace: Trace) -> Mask:
    """The mask that removes only what no node reads; `(n_units,)`."""
    removed = nothing(trace)
    removed[trace.n_units - trace.n_unread :] = True
    return removed


def cost(trace: Trace, removed: Mask) -> Cost:
    """Cost of the graph without the units in `removed`; at the sizes at which its shapes were measured."""
    return Cost(_parameters(trace, removed), _macs(trace, removed))


def cost_as_it_stands(graph: Graph, bound_nodes: Sequence[BoundNode]) -> Cost:
    """Cost of a graph whose nodes are bound, without asking which of its units shrink together."""
    parameters = sum(math.prod(t.shape or ()) for t in graph.tensors.values() if holds_weights(t))
    shapes, macs = {} if graph.sizes is None else graph.sizes.shapes, 0
    for bound in bound_nodes:
        if bound.rule.contracts is not None:
            measured = rebound(bound, shapes) or bound.binding
            macs += bound.node.times * bound.rule.contracts.macs({**bound.binding.sizes, **measured.sizes})
    return Cost(parameters, macs)


def group_cost(trace: Trace, group: Group) -> Cost:
    """What a group's units carry: all parameters and MACs that would go with them, were they to go alone."""
    removed = nothing(trace)
    before = cost(trace, removed)
    removed[group.start : group.stop] = True
    after = cost(trace, removed)
    return Cost(before.parameters - after.parameters, before.macs - after.macs)


def is_parameter(trace: Trace, name: str) -> bool:
    """Whether the tensor of this name holds weights."""
    return holds_weights(trace.graph.tensors[name])


def holds_weights(tensor: Tensor) -> bool:
    """Whether a tensor is a constant of floats, or of integers of at most 8 bits (weights of quantized models)."""
    if not tensor.is_constant or tensor.dtype is None:
        return False
    is_float = tensor.dtype.kind == "f" or "float" in tensor.dtype.name
    return is_float or ("int" in tensor.dtype.name and tensor.dtype.itemsize == 1)


def _parameters(trace: Trace, removed: Mask) -> int:
    uses: dict[str, list[TensorUse]] = {}
    for bound in trace.bound_nodes:
        for use in bound.inputs:
            if use is not None and use not in uses.setdefault(use.tensor, []):
                uses[use.tensor].append(use)
    names = (name for name in trace.graph.tensors if is_parameter(trace, name))
    whole = trace.graph.read_elsewhere
    elements = (_elements(trace, name, uses.get(name, []), removed, stays=name in whole) for name in names)
    return sum(elements) + _frozen(trace, removed)


def _frozen(trace: Trace, removed: Mask) -> int:
    """Elements of floats that surgery writes down because they depend on sizes, once for each tensor."""
    values: dict[str, Array] = {}
    for data_use, value in trace.frozen_values(removed):
        tensor = trace.bound_nodes[data_use.node_index].node.inputs[data_use.operand]
        if tensor is not None and value.dtype.kind == "f":
            values[tensor.name] = value
    return sum(value.size for value in values.values())


def _elements(trace: Trace, name: str, uses: list[TensorUse], removed: Mask, *, stays: bool) -> int:
    """Elements left of a constant; uses of one vector that lose different positions count once each.

    One that `stays` is there as a whole, too.
    """
    shape = trace.graph.tensors[name].shape or ()
    copies = {bytes(sum(shape)): math.prod(shape)} if stays else {}
    for use in uses:
        lost = [gone(trace.units[use, axis], removed) for axis in range(len(shape))]
        left = math.prod(size - int(np.count_nonzero(mask)) for size, mask in zip(shape, lost, strict=True))
        copies[b"".join(mask.tobytes() for mask in lost)] = left
    return sum(copies.values()) if copies else math.prod(shape)


def _macs(trace: Trace, removed: Mask) -> int:
    return sum(node_macs(trace, number, removed) for number in range(len(trace.bound_nodes)))


def node_macs(trace: Trace, number: int, removed: Mask) -> int:
    """Multiply-adds of a node, by its number, without the units in `removed`; 0 for one that has none."""
    bound = trace.bound_nodes[number]
    if bound.rule.contracts is None:
        return 0
    return bound.node.times * bound.rule.contracts.macs(trace.measured_sizes(number, removed))


def unread_parameters(trace: Trace) -> int:
    """Parameters that no node reads."""
    return _parameters(trace, nothing(trace)) - _parameters(trace, unread(trace))


def prunable_parameters(trace: Trace) -> int:
    """Parameters that have a unit on at least one of their axes."""
    return _parameters(trace, nothing(trace)) - _parameters(trace, ~nothing(trace))
