"""Factors that have another size at the sizes at which costs are told than at those at which equations are read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType

from paoding_onnx.model.graph import Graph
from paoding_onnx.rules.binding import BoundNode, rebound


def measured_factors(graph: Graph, bound_nodes: Sequence[BoundNode]) -> Iterator[tuple[int, Mapping[str, int]]]:
    """For nodes that contract, the sizes of factors that are others at the sizes at which costs are told."""
    sizes = graph.sizes
    if sizes is None or sizes.measured == sizes.traced:
        return
    for index, bound in enumerate(bound_nodes):
        if bound.rule.contracts is not None and (found := rebound(bound, sizes.shapes)) is not None:
            differ = {name: size for name, size in found.sizes.items() if size != bound.binding.sizes[name]}
            if differ:
                yield index, MappingProxyType(differ)
