"""Comparison points: tensors that both networks have, at which the smaller one is asked to be like the original."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from paoding_onnx.layerwise.layers import layers_of
from paoding_onnx.model.graph import Graph
from paoding_onnx.rules.binding import BoundNode, bind_nodes
from paoding_onnx.rules.facts import Clamp, Sum


def points_of(graph: Graph, start: int) -> tuple[str, ...]:
    """Where layers from node number `start` on are compared: where sums of branches end, after the activation.

    In a network without such sums, where any layer ends but those before the outputs.
    """
    bound_nodes, readers = bind_nodes(graph), graph.readers
    layers = [layer for layer in layers_of(graph) if layer.index >= start and not layer.is_last]
    joints = [layer.comparison_point for layer in layers if _is_joint(bound_nodes[layer.last])]
    names = joints or [layer.comparison_point for layer in layers]
    found = (_after_activation(name, bound_nodes, readers) for name in names)
    return tuple(name for name in dict.fromkeys(found) if name not in graph.outputs)


def _is_joint(bound: BoundNode) -> bool:
    computed = [t for t in bound.node.inputs if t is not None and not t.is_constant]
    return isinstance(bound.rule.acts, Sum) and len(computed) > 1


def _after_activation(name: str, bound_nodes: tuple[BoundNode, ...], readers: Mapping[str, list[int]]) -> str:
    after = [bound_nodes[k] for k in readers[name]]
    is_clamped = len(after) == 1 and isinstance(after[0].rule.acts, Clamp)
    return after[0].node.first_output.name if is_clamped else name


def shared_points(names: tuple[str, ...], original: Graph) -> Iterator[str]:
    """Those of the points that the original has too."""
    return (name for name in names if name in original.tensors)
