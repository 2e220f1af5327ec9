"""Shape arithmetic that becomes data: where a model computes with the size of an axis, that size must not change.

Sizes that only end up in shapes (a Reshape target, the bounds of a Slice) follow the surgery or are refitted.
"""

from __future__ import annotations

from collections.abc import Iterator
from collections.abc import Sequence
from dataclasses import dataclass

from paoding_onnx.graph import Graph
from paoding_onnx.sites import Site
from paoding_onnx.sites import Slot

Sources = frozenset[tuple[Slot, int]]


@dataclass(frozen=True, slots=True)
class DataUse:
    """Sizes (`sources`: tensor and axis) that the site with number `site` reads as data; -1 for a graph output."""

    site: int
    sources: Sources


def data_uses(graph: Graph, sites: Sequence[Site]) -> Iterator[DataUse]:
    """All places where sizes of axes meet data."""
    sizes: dict[str, Sources] = {}
    data = set(graph.inputs)
    for index, site in enumerate(sites):
        read = frozenset[tuple[Slot, int]]().union(*(sizes.get(name, frozenset()) for name in _data_names(site)))
        if site.rule.measures and site.inputs[0] is not None:
            read |= {(site.inputs[0], axis) for axis in site.rule.measures}
        is_data = not site.rule.measures and (not site.has_rule or any(name in data for name in _data_names(site)))
        outputs = [tensor.name for tensor in site.node.outputs if tensor is not None]
        if is_data:
            data.update(outputs)
        if read and is_data:
            yield DataUse(index, read)
        elif read:
            sizes |= dict.fromkeys(outputs, read)
    for name in graph.outputs:
        if name in sizes:
            yield DataUse(-1, sizes[name])


def _data_names(site: Site) -> Iterator[str]:
    """Inputs that the site reads as data: those with axes of their own, and what its subgraphs capture."""
    for tensor, slot in zip(site.node.inputs, site.inputs, strict=True):
        if tensor is not None and slot is not None:
            yield tensor.name
    yield from site.node.captures
