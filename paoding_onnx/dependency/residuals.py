"""RESIDUALS: sums x + f(x) in which f serves nothing else, so that it could go whole. Finds them; removes nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from paoding_onnx.model.graph import Graph
from paoding_onnx.model.nodes import Tensor
from paoding_onnx.rules.binding import BoundNode
from paoding_onnx.rules.facts import Sum


@dataclass(frozen=True, slots=True)
class Residual:
    """A sum x + f(x): `total` is what it makes, `kept` is x, `branch` is what f makes; f consists of `nodes`."""

    total: str
    kept: str
    branch: str
    nodes: tuple[int, ...]


def residuals_of(graph: Graph, bound_nodes: Sequence[BoundNode]) -> tuple[Residual, ...]:
    """The residual branches of a graph, in running order.

    Both sides of the sum are of one shape, at every size of the inputs; f reads x itself, has weights, and nothing that
    it computes is used elsewhere. Those in bodies are left out.
    """
    found = []
    for index, bound in enumerate(bound_nodes):
        sides = bound.node.inputs
        if not isinstance(bound.rule.acts, Sum) or len(sides) != 2 or bound.node.within:
            continue
        for first, second in (sides, sides[::-1]):
            if first is None or second is None or first.is_constant or not _is_alike(first, second):
                continue
            nodes = _serving(graph, bound_nodes, index, second.name)
            read = {t.name for number in nodes for t in bound_nodes[number].node.inputs if t is not None}
            has_weights = any(bound_nodes[number].rule.contracts is not None for number in nodes)
            if first.name in read and has_weights:
                found.append(Residual(bound.node.first_output.name, first.name, second.name, nodes))
    return tuple(found)


def _is_alike(first: Tensor, second: Tensor) -> bool:
    """Whether two tensors have one shape at every size of the inputs, and one type of floats."""
    open_axes = [tensor.open or (False,) * len(tensor.shape or ()) for tensor in (first, second)]
    is_float = first.dtype is not None and first.dtype == second.dtype and first.dtype.kind == "f"
    return is_float and first.shape is not None and first.shape == second.shape and open_axes[0] == open_axes[1]


def _serving(graph: Graph, bound_nodes: Sequence[BoundNode], total: int, name: str) -> tuple[int, ...]:
    """The nodes of which all that they make serves tensor `name` alone, which node `total` alone reads, once."""
    if graph.readers[name] != [total] or name in graph.outputs:
        return ()
    serving = {total}
    for index in range(total - 1, -1, -1):
        node = bound_nodes[index].node
        made = [tensor.name for tensor in node.outputs if tensor is not None]
        readers = {reader for one in made for reader in graph.readers[one]}
        is_outside = total in readers and name not in made
        if readers and readers <= serving and not is_outside and not node.within and not set(made) & set(graph.outputs):
            serving.add(index)
    return tuple(sorted(serving - {total}))
