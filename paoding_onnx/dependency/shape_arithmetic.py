"""Shape arithmetic that becomes data: where a model computes with the size of an axis, that size must not change.

Sizes that only end up in shapes (a Reshape target, the bounds of a Slice) follow the surgery or are refitted.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from paoding_onnx.model.graph import Graph
from paoding_onnx.rules.binding import Site, Slot

Sources = frozenset[tuple[Slot, int]]
Entries = tuple[Sources, ...]
"""One set for each entry of a small tensor, or a single one for all."""


@dataclass(frozen=True, slots=True)
class DataUse:
    """Sizes (`sources`: tensor and axis) that a site reads as data through one input; site -1 for a graph output."""

    site: int
    operand: int
    sources: Sources


@dataclass(frozen=True, slots=True)
class SizeFlow:
    """Where sizes go.

    `made_of` says, for each tensor of shape arithmetic, which sizes its entries come from; `uses` are the places where
    sizes meet data.
    """

    made_of: Mapping[str, Entries]
    uses: tuple[DataUse, ...]


def follow_sizes(graph: Graph, sites: Sequence[Site]) -> SizeFlow:
    """The way of all sizes of axes through a graph."""
    sizes: dict[str, Entries] = {}
    uses: list[DataUse] = []
    data = set(graph.inputs)
    for index, site in enumerate(sites):
        read = _all(entry for name in _data_names(site) for entry in sizes.get(name, ()))
        is_data = not site.rule.measures and (not site.has_rule or any(name in data for name in _data_names(site)))
        outputs = [tensor.name for tensor in site.node.outputs if tensor is not None]
        if is_data:
            data.update(outputs)
        if read and is_data:
            uses += _uses(index, site, sizes)
        elif read or site.rule.measures:
            sizes |= {name: _entries(site, position, sizes) for position, name in enumerate(outputs)}
    uses += [DataUse(-1, -1, _all(sizes[name])) for name in graph.outputs if name in sizes]
    return SizeFlow(MappingProxyType(sizes), tuple(uses))


def _uses(index: int, site: Site, sizes: Mapping[str, Entries]) -> Iterator[DataUse]:
    for operand, tensor in enumerate(site.node.inputs):
        if tensor is not None and tensor.name in sizes and site.inputs[operand] is not None:
            yield DataUse(index, operand, _all(sizes[tensor.name]))
    for name in site.node.captures:
        if name in sizes:
            yield DataUse(index, -1, _all(sizes[name]))


def _data_names(site: Site) -> Iterator[str]:
    """Inputs that the site reads as data: those with axes of their own, and what its subgraphs capture."""
    for tensor, slot in zip(site.node.inputs, site.inputs, strict=True):
        if tensor is not None and slot is not None:
            yield tensor.name
    yield from site.node.captures


def _entries(site: Site, position: int, sizes: Mapping[str, Entries]) -> Entries:
    """For each entry of an output the axes whose sizes went into it; one for all where they cannot be told apart."""
    slot = site.inputs[0] if site.inputs else None
    if site.rule.measures and slot is not None:
        axes = tuple(frozenset({(slot, axis)}) for axis in site.rule.measures)
        return axes if len(axes) == math.prod(site.node.output_shape(position)) else (_all(axes),)
    found = _by_factor(site, sizes)
    everything = _all(entry for entries in found.values() for entry in entries)
    operand = site.bound.outputs[position]
    if site.rule.picks is not None and (places := site.node.entries(site.rule.picks)) is not None:
        (first,) = [sizes.get(t.name, ()) for t in site.node.inputs[:1] if t is not None]
        whole = all(place is not None and -len(first) <= place < len(first) for place in places)
        return tuple(first[place] for place in places if place is not None) if whole and first else (everything,)
    if operand is None or len(operand) != 1:
        return (everything,)
    parts = [found.get(name) for segment in operand[0] for name in segment]
    if any(part is None for part in parts) or not parts:
        return (everything,)
    return tuple(entry for part in parts for entry in part or ())


def _by_factor(site: Site, sizes: Mapping[str, Entries]) -> dict[str, Entries]:
    """What stands at each index of a factor, put together over the inputs; a factor without sizes has empty sets."""
    found: dict[str, Entries] = {}
    for tensor, operand in zip(site.node.inputs, site.bound.inputs, strict=True):
        if tensor is None or operand is None:
            continue
        entries = sizes.get(tensor.name, ())
        lengths = {name: site.bound.sizes[name] for axis in operand for segment in axis for name in segment}
        if len(operand) != 1 or sum(lengths.values()) != len(entries):
            lengths, entries = {f" {tensor.name}": 1, **lengths}, (_all(entries), *[Sources()] * sum(lengths.values()))
        for name, length in lengths.items():
            before = found.get(name, (Sources(),) * length)
            found[name] = tuple(a | b for a, b in zip(before, entries[:length], strict=True))
            entries = entries[length:]
    return found


def _all(entries: Iterable[Sources]) -> Sources:
    return Sources().union(*entries)
