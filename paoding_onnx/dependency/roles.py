"""Where units live among the constants of a graph, and what each constant does for them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from paoding_onnx.dependency.coupling import Coupling
from paoding_onnx.dependency.trace import Place, Role
from paoding_onnx.dependency.union_find import Ids
from paoding_onnx.model.graph import Graph
from paoding_onnx.rules.binding import Site, Slot
from paoding_onnx.rules.equation import factors, is_fixed


def places_of(graph: Graph, coupling: Coupling) -> list[Place]:
    """Every axis of every constant, with its role, in the order of the nodes."""
    sources: dict[str, Slot] = {}
    found: dict[tuple[Slot, int], Place] = {}
    for index, site in enumerate(coupling.sites):
        for slot, axis in _constant_axes(graph, site):
            role = _role(site, coupling, index, coupling.axes[slot, axis])
            known = found.get((slot, axis))
            if known is None or (known.role is Role.FOLLOWS and role is not Role.FOLLOWS):
                found[slot, axis] = Place(index, slot, axis, role)
        _meet_sources(site, index, coupling, sources, found)
        inputs = [t for t in site.node.inputs if t is not None]
        if inputs and site.inputs[0] is not None and all(t.is_constant or t.name in sources for t in inputs):
            source = sources.get(inputs[0].name, site.inputs[0])
            sources |= {o.tensor: source for o in site.outputs if o is not None}
    return [found[key] for key in sorted(found, key=lambda key: (found[key].site, key))]


def _constant_axes(graph: Graph, site: Site) -> Iterator[tuple[Slot, int]]:
    for slot in site.inputs:
        tensor = graph.tensors[slot.tensor] if slot is not None else None
        if slot is not None and tensor is not None and tensor.is_constant:
            yield from ((slot, axis) for axis in range(len(tensor.shape or ())))


def _meet_sources(
    site: Site,
    index: int,
    coupling: Coupling,
    sources: Mapping[str, Slot],
    found: dict[tuple[Slot, int], Place],
) -> None:
    """A weight that reaches a contracting node through Reshape, Transpose or the like has its role there."""
    for slot in site.inputs:
        source = sources.get(slot.tensor) if slot is not None else None
        if slot is None or source is None or not site.rule.macs:
            continue
        for key in [key for key in found if key[0] == source]:
            role = _role(site, coupling, index, coupling.axes[key])
            found[key] = Place(index, source, key[1], role)


def _role(site: Site, coupling: Coupling, index: int, sets: Ids) -> Role:
    if not site.rule.macs:
        return Role.FOLLOWS
    own = coupling.factors[index]
    outputs = frozenset().union(*(factors(operand) for operand in site.bound.outputs))
    contracted = [ids for name, ids in own.items() if name not in outputs and not is_fixed(name)]
    is_consumed = any(np.isin(sets, ids).any() for ids in contracted)
    is_made = any(np.isin(sets, own[name]).any() for name in outputs if name in own and own[name].size > 1)
    return Role.CONSUMES if is_consumed and not is_made else Role.PRODUCES
