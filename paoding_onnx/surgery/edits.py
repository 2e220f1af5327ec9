"""What a `Plan` changes in a file: constants, operands, attributes. Decides; the surgeon carries it out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np

from paoding_onnx.dependency.trace import Trace, gone
from paoding_onnx.model.nodes import Array, Tensor
from paoding_onnx.rules.binding import BoundNode, TensorUse
from paoding_onnx.rules.equation import Axis
from paoding_onnx.rules.facts import Gathers
from paoding_onnx.rules.rule import Fit
from paoding_onnx.surgery.plan import Plan

Overrides = Mapping[str, Array]
"""Constants by name, where they differ from the file's."""
OperandIndex = tuple[int, int]
"""A node and the number of one of its inputs."""


@dataclass(frozen=True, slots=True)
class ConstantUse:
    """What one operand of one node is to read; uses of a tensor with equal `pattern` read the same."""

    value: Array
    pattern: bytes


@dataclass(frozen=True, slots=True)
class Patch:
    """Numbers to put in place of some of those that the model computes for an operand: computed * kept + numbers."""

    kept: Array
    numbers: Array


@dataclass(slots=True)
class Edits:
    """What changes: whole constants, operands of single nodes that become constants or are patched, attributes."""

    constants: dict[str, Array] = field(default_factory=dict)
    operands: dict[OperandIndex, ConstantUse] = field(default_factory=dict)
    patches: dict[OperandIndex, Patch] = field(default_factory=dict)
    attributes: dict[tuple[int, str], int | list[int]] = field(default_factory=dict)


def edits_of(trace: Trace, plan: Plan, overrides: Overrides) -> Edits:
    """All that has to change for `plan`; `overrides` replaces constants before they are sliced."""
    edits = Edits()
    _slice_constants(trace, plan, overrides, edits)
    for index, bound in enumerate(trace.bound_nodes):
        for fit in bound.rule.fits:
            _update_sizes(trace, plan, index, fit, edits)
        if isinstance(bound.rule.shape, Gathers):
            _renumber(trace, plan, index, bound.rule.shape, edits)
    for data_use, value in trace.frozen_values(plan.removed):
        edits.operands[data_use.node_index, data_use.operand] = ConstantUse(value, value.tobytes())
    _share(trace, edits)
    return edits


def _slice_constants(trace: Trace, plan: Plan, overrides: Overrides, edits: Edits) -> None:
    done = set()
    for index, bound in enumerate(trace.bound_nodes):
        for operand, use in enumerate(bound.inputs):
            if use is None or use in done or not trace.graph.tensors[use.tensor].is_constant:
                continue
            done.add(use)
            data_use = _sliced(trace, plan, use, overrides)
            if data_use is None:
                continue
            if use.node < 0:
                edits.constants[use.tensor] = data_use.value
            else:
                edits.operands[index, operand] = data_use


def _sliced(trace: Trace, plan: Plan, use: TensorUse, overrides: Overrides) -> ConstantUse | None:
    """The constant without what goes; `None` if it stays as the file has it."""
    value = overrides.get(use.tensor, trace.graph.tensors[use.tensor].value)
    if value is None:
        return None
    pattern = b""
    is_changed = use.tensor in overrides
    for axis in range(value.ndim):
        kept = trace.kept(use, axis, plan.removed)
        pattern += kept.tobytes()
        if not kept.all():
            value = np.compress(kept, value, axis)
            is_changed = True
    return ConstantUse(value, pattern) if is_changed else None


def _update_sizes(trace: Trace, plan: Plan, index: int, fit: Fit, edits: Edits) -> None:
    """Write new sizes where a node holds sizes as numbers: those that changed."""
    bound = trace.bound_nodes[index]
    sizes = trace.sizes(index, plan.removed)
    shrunk = {name for name, size in sizes.items() if size != bound.binding.sizes[name]}
    new = {entry: fit.axes[entry].size(sizes) for entry in _changed(trace, plan, bound, fit, shrunk)}
    new |= {entry: literal for entry, (axis, literal) in fit.literals.items() if not shrunk.isdisjoint(axis.names)}
    if not new:
        return
    if isinstance(fit.holder, str):
        values = bound.node.integers(fit.holder)
        edits.attributes[index, fit.holder] = [new.get(k, v) for k, v in enumerate(values)] if values else new[0]
        return
    old = bound.node.entries(fit.holder) or ()
    numbers = [new.get(k, entry) for k, entry in enumerate(old)]
    tensor = bound.node.operand(fit.holder)
    dtype = tensor.dtype if tensor is not None else None
    if None in numbers:
        kept = np.array([number is None for number in numbers], dtype)
        edits.patches[index, fit.holder] = Patch(kept, np.array([number or 0 for number in numbers], dtype))
    else:
        value = np.array(numbers, dtype)
        edits.operands[index, fit.holder] = ConstantUse(value, value.tobytes())


def _changed(trace: Trace, plan: Plan, bound: BoundNode, fit: Fit, shrunk: set[str]) -> Iterator[int]:
    """Entries of a fit to write again.

    Numbers that count from the end mean another place wherever their axis shrinks. Numbers that are computed while
    running might change by themselves, perhaps wrongly: where their axis shrinks, or one whose size they are made of.
    """
    tensor = bound.node.operand(fit.holder) if isinstance(fit.holder, int) else None
    computed = tensor is not None and not tensor.is_constant
    old = (bound.node.entries(fit.holder) if isinstance(fit.holder, int) else bound.node.integers(fit.holder)) or ()
    for entry, axis in fit.axes.items():
        is_counted = computed or (entry < len(old) and (old[entry] or 0) < 0)
        touched = _neighbours(bound, axis) if is_counted else set(axis.names)
        if touched & shrunk or (computed and _shrinks(trace, plan, tensor, entry)):
            yield entry


def _shrinks(trace: Trace, plan: Plan, tensor: Tensor | None, entry: int) -> bool:
    """Whether a size that a computed number is made of changes."""
    if tensor is None or tensor.value is None:
        return False
    return trace.shrinks(tensor.name, entry, tensor.value.size, plan.removed)


def _neighbours(bound: BoundNode, axis: Axis) -> set[str]:
    """Factors that share an axis of one of the node's tensors with those of `axis`."""
    own = set(axis.names)
    operands = (operand or () for operand in (*bound.binding.inputs, *bound.binding.outputs))
    axes = (set(other.names) for operand in operands for other in operand)
    return own.union(*(names for names in axes if names & own))


def _renumber(trace: Trace, plan: Plan, index: int, gathers: Gathers, edits: Edits) -> None:
    """Indices of what is taken, once both sides have lost positions."""
    source = ~gone(trace.factors[index][gathers.source], plan.removed)
    target = ~gone(trace.factors[index][gathers.target], plan.removed)
    tensor = trace.bound_nodes[index].node.operand(gathers.indices)
    if tensor is None or tensor.shape is None or (source.all() and target.all()):
        return
    rank = np.cumsum(source) - 1
    numbers = rank[np.array(gathers.positions)[target]].astype(tensor.dtype)
    value = numbers.reshape([size if size == 1 else -1 for size in tensor.shape])
    edits.operands[index, gathers.indices] = ConstantUse(value, value.tobytes())


def _share(trace: Trace, edits: Edits) -> None:
    """Uses of one constant that all change alike change the constant itself; others keep a copy of their own."""
    data_uses: dict[str, list[OperandIndex]] = {}
    read_elsewhere = trace.graph.read_elsewhere
    for index, bound in enumerate(trace.bound_nodes):
        for operand, tensor in enumerate(bound.node.inputs):
            if tensor is not None and tensor.is_constant:
                data_uses.setdefault(tensor.name, []).append((index, operand))
    for name, places in data_uses.items():
        first = edits.operands.get(places[0])
        patterns = {
            data_use.pattern if (data_use := edits.operands.get(place)) is not None else None for place in places
        }
        if first is not None and len(patterns) == 1 and name not in read_elsewhere:
            edits.constants[name] = first.value
            for place in places:
                del edits.operands[place]
