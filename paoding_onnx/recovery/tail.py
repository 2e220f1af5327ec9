"""Where training begins, and the network cut in two there: a head that stays as it is, and the tail that is trained."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from paoding_onnx.dependency.trace import Group, Role, Trace
from paoding_onnx.layerwise.subgraph import subgraph
from paoding_onnx.model.graph import Graph, needed
from paoding_onnx.model.load import Model
from paoding_onnx.model.node_index import proto_nodes
from paoding_onnx.model.nodes import Array
from paoding_onnx.rules.binding import bind_nodes
from paoding_onnx.shapes.data_dependence import data_dependent_tensors
from paoding_onnx.surgery.plan import Plan

MUCH = 0.25
"""Share of a group's units whose loss is worth training for."""


@dataclass(frozen=True, slots=True)
class Place:
    """A network seen as one whose nodes from number `start` on are trained, and which is compared at `targets`.

    `boundary` names what the tail reads of the head or the inputs, `fixed` what it reads that only sizes decide about.
    """

    model: Model
    graph: Graph
    start: int
    targets: tuple[str, ...]
    boundary: tuple[str, ...]
    fixed: tuple[str, ...]

    @property
    def tail(self) -> list[int]:
        """Numbers of the nodes that are trained, or lie behind one."""
        return [place for place in needed(self.graph.nodes, self.targets) if place >= self.start]

    @property
    def bytes_of_one(self) -> int:
        """Bytes that the tail computes for one sample, as 32-bit floats."""
        rows = self.graph.tensors[self.boundary[0]].shape or (1,)
        made = [t.shape or () for place in self.tail for t in self.graph.nodes[place].outputs if t is not None]
        return 4 * sum(map(math.prod, made)) // max(rows[0], 1)

    def head_model(self, overrides: Mapping[str, Array]) -> Model | None:
        """The head alone, with other contents in some constants; `None` where nothing comes before the tail."""
        names = [name for name in (*self.boundary, *self.fixed) if name not in self.graph.inputs]
        if not names:
            return None
        protos = proto_nodes(self.model.proto, self.graph)
        nodes = [node for place in needed(self.graph.nodes, names) if (node := protos[place]) is not None]
        return subgraph(self.model, self.graph, nodes, outputs=names, overrides=overrides)

    def tail_model(self, fixed: Mapping[str, Array]) -> Model:
        """The tail alone, a model of what is in `boundary`; `fixed` says what it reads besides that."""
        protos = proto_nodes(self.model.proto, self.graph)
        nodes = [node for place in self.tail if (node := protos[place]) is not None]
        found = subgraph(self.model, self.graph, nodes, outputs=self.targets)
        return with_constants(found, fixed)


def with_constants(model: Model, values: Mapping[str, Array]) -> Model:
    """The model with constants in place of some inputs; `model` is not to be used again."""
    from onnx import numpy_helper

    for info in [info for info in model.proto.graph.input if info.name in values]:
        model.proto.graph.input.remove(info)
        model.proto.graph.initializer.append(numpy_helper.from_array(values[info.name], info.name))
    return replace(model)


def place_at(model: Model, graph: Graph, start: int, targets: Sequence[str]) -> Place:
    """The network divided before node number `start`."""
    tail = [place for place in needed(graph.nodes, targets) if place >= start]
    made = {t.name for place in tail for t in graph.nodes[place].outputs if t is not None}
    read: dict[str, None] = {}
    for place in tail:
        node = graph.nodes[place]
        names = (*(t.name for t in node.inputs if t is not None), *node.captures)
        read |= dict.fromkeys(n for n in names if n not in made and not graph.tensors[n].is_constant)
    dependent = data_dependent_tensors(graph)
    boundary, fixed = (tuple(n for n in read if (n in dependent) is wanted) for wanted in (True, False))
    return Place(model, graph, start, tuple(targets), boundary, fixed)


def starts(trace: Trace, plan: Plan, graph: Graph) -> list[int]:
    """Numbers of the nodes of the smaller network at which training can begin, the best one first, then later ones.

    The best is the first layer that makes a group which lost much; groups that several layers make, such as what a
    residual connection carries, count only where there are no others.
    """
    index = {t.name: number for number, node in enumerate(graph.nodes) for t in node.outputs if t is not None}
    groups = [group for group in trace.groups if _lost(group, plan) > 0]
    inner = [group for group in groups if len(set(_makers(group, trace))) == 1] or groups
    if not inner:
        return []
    much = min(MUCH, max(_lost(group, plan) for group in inner) / 2)
    chosen = [group for group in inner if _lost(group, plan) > much]
    made = [index[name] for group in chosen for name in _makers(group, trace) if name in index]
    first = min(made, default=0)  # units that no layer makes are those of a table, before all layers
    layers = [number for number, bound in enumerate(bind_nodes(graph)) if bound.rule.contracts is not None]
    return [number for number in layers if number >= first]


def _lost(group: Group, plan: Plan) -> float:
    return float(np.mean(plan.removed[group.start : group.stop]))


def _makers(group: Group, trace: Trace) -> Iterator[str]:
    """Names of what the layers make whose units these are; of one in a body, of what runs it."""
    for axis in group.having(Role.PRODUCES):
        tensor = trace.graph.tensors[axis.use.tensor]
        if len(tensor.shape or ()) > 1:
            node = trace.bound_nodes[axis.node_index].node
            yield node.within or node.first_output.name
