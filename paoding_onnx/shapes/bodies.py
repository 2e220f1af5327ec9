"""BODIES: the nodes that a Loop or Scan computes at each step, put among the nodes around them.

Between what goes into each step and what comes out of it, they are nodes like any others. Nothing runs here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import onnx

from paoding_onnx.model.graph import Graph
from paoding_onnx.model.input_sizes import InputSizes
from paoding_onnx.model.load import Model
from paoding_onnx.model.node_index import makers_in
from paoding_onnx.model.nodes import Node, Part, Tensor
from paoding_onnx.model.read import read_graph, read_nodes
from paoding_onnx.model.subgraphs import captures
from paoding_onnx.rules.bodies import wiring
from paoding_onnx.shapes.steps import body_of


def read_deep(model: Model, measured: Mapping[str, Tensor], sizes: InputSizes | None = None) -> Graph:
    """The model as values, with the nodes of bodies of which all tensors were measured and whose steps `sizes` tell."""
    graph = read_graph(model, measured, sizes)
    if not any(body_of(node, model.proto) for node in model.proto.graph.node):
        return graph
    reader = _Reader(model, graph.tensors, {} if sizes is None else sizes.steps, makers_in(model.proto))
    return replace(graph, nodes=tuple(deep for node in graph.nodes for deep in reader.spread(node, "", 1)))


@dataclass(frozen=True, slots=True)
class _Reader:
    """What is known of a model whose bodies are read."""

    model: Model
    tensors: Mapping[str, Tensor]
    steps: Mapping[str, int]
    protos: Mapping[str, onnx.NodeProto]

    def spread(self, node: Node, within: str, times: int) -> Iterator[Node]:
        """A node, or the parts of one that repeats a body with the nodes of that body between them."""
        proto = self.protos[node.first_output.name]
        body = body_of(proto, self.model.proto)
        if body is None or not self._is_known(proto, body, node):
            yield replace(node, within=within, times=times)
            return
        inner = within or node.first_output.name
        own = replace(node, within=within, times=times, whole=node)
        handed = tuple(self.tensors[info.name] for info in body.input)
        yield replace(own, outputs=handed, captures=(), part=Part.ENTRY, within=inner)
        n_steps = times * self.steps[body.input[0].name]
        for one in read_nodes(self.model, body, self.tensors):
            yield from self.spread(one, inner, n_steps)
        yield self._exit(own, body, handed)

    def _exit(self, own: Node, body: onnx.GraphProto, handed: tuple[Tensor, ...]) -> Node:
        """What comes out of each step: the node's inputs that decide about steps, what steps make and hand on."""
        wires = wiring(own)
        made = tuple(self.tensors[info.name] for info in body.output)
        controls = (*own.inputs[: wires.controls], *[None] * (len(own.inputs) - wires.controls))
        again = tuple(handed[state.handed] for state in wires.states)
        ties = tuple((made[state.made].name, handed[state.handed].name) for state in wires.states)
        return replace(own, inputs=(*controls, *made, *again), captures=(), part=Part.EXIT, ties=ties)

    def _is_known(self, proto: onnx.NodeProto, body: onnx.GraphProto, node: Node) -> bool:
        """Whether a body is wired as it should be, holds no constants, and all that it reads and makes was measured."""
        wires = wiring(node)
        n_handed = len(wires.states) + len(wires.read) + wires.controls
        n_made = len(wires.states) + len(wires.written) + min(wires.controls, 1)
        made = {name for inner in body.node for name in inner.output if name}
        names = {*made, *(info.name for info in (*body.input, *body.output)), *captures(proto)}
        counts = (len(body.input), len(body.output), len(proto.input), len(proto.output))
        is_plain = not body.initializer and not body.sparse_initializer and all(proto.output)
        return (
            is_plain
            and body.input[0].name in self.steps
            and counts == (n_handed, n_made, len(node.inputs), len(node.outputs))
            and all(state.start < len(node.inputs) and node.inputs[state.start] is not None for state in wires.states)
            and all(name in self.tensors and self.tensors[name].shape is not None for name in names)
        )
