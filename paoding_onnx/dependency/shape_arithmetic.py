"""Shape arithmetic that becomes data: where a model computes with the size of an axis, that size must not change.

Sizes that only end up in shapes (a Reshape target, the bounds of a Slice) follow the surgery or are refitted.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from paoding_onnx.dependency.trace import DataUse, Entries, Sources
from paoding_onnx.model.graph import Graph
from paoding_onnx.rules.binding import BoundNode
from paoding_onnx.rules.facts import DataDependentShape, ReadsShape, Selects


@dataclass(frozen=True, slots=True)
class SizeFlow:
    """Where sizes go.

    `made_of` says, for each tensor of shape arithmetic, which sizes its entries come from; `data_uses` say where
    sizes meet data.
    """

    made_of: Mapping[str, Entries]
    data_uses: tuple[DataUse, ...]


def follow_sizes(graph: Graph, bound_nodes: Sequence[BoundNode]) -> SizeFlow:
    """The way of all sizes of axes through a graph."""
    sizes: dict[str, Entries] = {}
    data_uses: list[DataUse] = []
    data = set(graph.inputs)
    for index, bound in enumerate(bound_nodes):
        read = _all(entry for name in _data_names(bound) for entry in sizes.get(name, ()))
        reads_shape = isinstance(bound.rule.shape, ReadsShape)
        is_data = not reads_shape and (not bound.has_rule or any(name in data for name in _data_names(bound)))
        outputs = [tensor.name for tensor in bound.node.outputs if tensor is not None]
        if is_data:
            data.update(outputs)
        data_uses += _numbers(index, bound, sizes)
        if read and (is_data or isinstance(bound.rule.shape, DataDependentShape)):
            data_uses += _uses(index, bound, sizes)
        elif read or reads_shape:
            sizes |= {name: _entries(bound, position, sizes) for position, name in enumerate(outputs)}
    data_uses += [DataUse(-1, -1, _all(sizes[name])) for name in graph.outputs if name in sizes]
    return SizeFlow(MappingProxyType(sizes), tuple(data_uses))


def _numbers(index: int, bound: BoundNode, sizes: Mapping[str, Entries]) -> Iterator[DataUse]:
    """Operands of plain numbers, such as bounds, with entries made of sizes that surgery would not write again."""
    for operand, tensor in enumerate(bound.node.inputs):
        if tensor is None or tensor.name not in sizes or bound.inputs[operand] is not None:
            continue
        fits = [fit for fit in bound.rule.fits if fit.holder == operand]
        entries = bound.node.entries(operand) or (None,) * math.prod(tensor.shape or ())
        written = {
            k
            for fit in fits
            for k in range(len(entries))
            if k in fit.literals or (k in fit.axes and entries[k] is not None)
        }
        made_of = sizes[tensor.name]
        each = made_of if len(made_of) == len(entries) else made_of * len(entries)
        left = _all(sources for k, sources in enumerate(each) if k not in written)
        if left:
            yield DataUse(index, operand, left, may_freeze=not fits)


def _uses(index: int, bound: BoundNode, sizes: Mapping[str, Entries]) -> Iterator[DataUse]:
    for operand, tensor in enumerate(bound.node.inputs):
        if tensor is not None and tensor.name in sizes and bound.inputs[operand] is not None:
            yield DataUse(index, operand, _all(sizes[tensor.name]))
    for name in bound.node.captures:
        if name in sizes:
            yield DataUse(index, -1, _all(sizes[name]))


def _data_names(bound: BoundNode) -> Iterator[str]:
    """Inputs that the node reads as data: those with axes of their own, and what its subgraphs capture."""
    for tensor, use in zip(bound.node.inputs, bound.inputs, strict=True):
        if tensor is not None and use is not None:
            yield tensor.name
    yield from bound.node.captures


def _entries(bound: BoundNode, position: int, sizes: Mapping[str, Entries]) -> Entries:
    """For each entry of an output the axes whose sizes went into it; one for all where they cannot be told apart."""
    use = bound.inputs[0] if bound.inputs else None
    shape = bound.rule.shape
    if isinstance(shape, ReadsShape) and use is not None:
        axes = tuple(frozenset({(use, axis)}) for axis in shape.axes)
        return axes if len(axes) == math.prod(bound.node.output_shape(position)) else (_all(axes),)
    found = _by_factor(bound, sizes)
    everything = _all(entry for entries in found.values() for entry in entries)
    operand = bound.binding.outputs[position]
    if isinstance(shape, Selects) and (parameter_axes := bound.node.entries(shape.indices)) is not None:
        (first,) = [sizes.get(t.name, ()) for t in bound.node.inputs[:1] if t is not None]
        whole = all(
            parameter_axis is not None and -len(first) <= parameter_axis < len(first)
            for parameter_axis in parameter_axes
        )
        return (
            tuple(first[parameter_axis] for parameter_axis in parameter_axes if parameter_axis is not None)
            if whole and first
            else (everything,)
        )
    if operand is None or len(operand) != 1:
        return (everything,)
    parts = [found.get(name) for name in operand[0].names]
    if any(part is None for part in parts) or not parts:
        return (everything,)
    return tuple(entry for part in parts for entry in part or ())


def _by_factor(bound: BoundNode, sizes: Mapping[str, Entries]) -> dict[str, Entries]:
    """What stands at each index of a factor, put together over the inputs; a factor without sizes has empty sets."""
    found: dict[str, Entries] = {}
    for tensor, operand in zip(bound.node.inputs, bound.binding.inputs, strict=True):
        if tensor is None or operand is None:
            continue
        entries = sizes.get(tensor.name, ())
        lengths = {name: bound.binding.sizes[name] for axis in operand for name in axis.names}
        if len(operand) != 1 or sum(lengths.values()) != len(entries):
            lengths, entries = {f" {tensor.name}": 1, **lengths}, (_all(entries), *[Sources()] * sum(lengths.values()))
        for name, length in lengths.items():
            before = found.get(name, (Sources(),) * length)
            found[name] = tuple(a | b for a, b in zip(before, entries[:length], strict=True))
            entries = entries[length:]
    return found


def _all(entries: Iterable[Sources]) -> Sources:
    return Sources().union(*entries)
