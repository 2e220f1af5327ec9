"""Read-only values that describe a whole model. Cannot prune, cut or run anything."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from types import MappingProxyType

from paoding_onnx.model.input_sizes import InputSizes
from paoding_onnx.model.nodes import Node, Origin, Part, Tensor


@dataclass(frozen=True)
class Graph:
    """A whole model as values: nodes in running order, tensors by name, names of graph inputs and outputs.

    `sizes` are those at which it was seen to run; `None` for a graph that nobody ran. `watched` are tensors of floats
    that count beside the outputs wherever it is measured what becomes of these: not all that comes of them shows there.
    """

    nodes: tuple[Node, ...]
    tensors: Mapping[str, Tensor]
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    sizes: InputSizes | None = None
    watched: tuple[str, ...] = ()

    @property
    def outer(self) -> Graph:
        """The graph without the nodes in bodies: each node that repeats one is whole."""
        if all(node.part is Part.WHOLE for node in self.nodes):
            return self
        return replace(self, nodes=tuple(node.whole or node for node in self.nodes if not node.within))

    @cached_property
    def stepwise(self) -> Mapping[str, str]:
        """Tensors in outermost bodies, each with the first output of the node that runs its body."""
        found: dict[str, str] = {}
        depth = 0
        for node in self.nodes:
            depth += {Part.ENTRY: 1, Part.EXIT: -1, Part.WHOLE: 0}[node.part]
            if depth == 1:
                found |= {tensor.name: node.within for tensor in node.outputs if tensor is not None}
        return found

    def reached(self) -> frozenset[str]:
        """Names of tensors that an input reaches, be it by its sizes alone; all others are computed from constants.

        What a body is handed at each step counts as reached: it is another at the next step.
        """
        fed = (Origin.INPUT, Origin.STEP)
        found = {tensor.name for tensor in self.tensors.values() if tensor.origin in fed}
        for node in self.nodes:
            read = [tensor.name for tensor in node.inputs if tensor is not None]
            if not found.isdisjoint((*read, *node.captures)):
                found.update(tensor.name for tensor in node.outputs if tensor is not None)
        return frozenset(found)

    @property
    def read_elsewhere(self) -> frozenset[str]:
        """Names of the tensors that leave the model, or that subgraphs which were not looked into read."""
        return frozenset(self.outputs).union(*(node.captures for node in self.nodes))

    @cached_property
    def readers(self) -> Mapping[str, list[int]]:
        """Numbers of the nodes that read each tensor, once for every input; bodies of a node read for it."""
        found: dict[str, list[int]] = {name: [] for name in self.tensors}
        for index, node in enumerate(self.nodes):
            read = [tensor.name for tensor in node.inputs if tensor is not None]
            for name in (*read, *node.captures):
                found.setdefault(name, []).append(index)
        return found


def with_tensors(graph: Graph, known: Mapping[str, Tensor]) -> Graph:
    """The graph with other values for some of its tensors, by name; what the file holds stays as it is."""
    fresh = {name: tensor for name, tensor in known.items() if not graph.tensors[name].is_constant}

    def one(node: Node) -> Node:
        """A node that reads and makes them, as does what it is a part of."""
        inputs, outputs = (
            tuple([None if t is None else fresh.get(t.name, t) for t in side]) for side in (node.inputs, node.outputs)
        )
        return node.between(inputs, outputs, None if node.whole is None else one(node.whole))

    return replace(graph, nodes=tuple(map(one, graph.nodes)), tensors=MappingProxyType({**graph.tensors, **fresh}))


def needed(nodes: Sequence[Node], wanted: Iterable[str]) -> list[int]:
    """Places of the nodes without which the tensors `wanted` could not be made, in their order."""
    names = set(wanted)
    places = []
    for place, node in reversed(list(enumerate(nodes))):
        if any(tensor is not None and tensor.name in names for tensor in node.outputs):
            names.update(tensor.name for tensor in node.inputs if tensor is not None)
            names.update(node.captures)
            places.append(place)
    return places[::-1]
