"""LISTS that loops append to and that are stacked in the end: what each step appends is collected by the loop itself.

Exporters of programs write a list where the operator for loops has an output of its own. What is in a list has no axes
that could be followed; what a loop collects has.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import onnx

from paoding_onnx.model.graph import Graph
from paoding_onnx.model.load import Model
from paoding_onnx.model.naming import free_name, names_in
from paoding_onnx.model.node_index import makers
from paoding_onnx.model.read import bare_node
from paoding_onnx.model.subgraphs import captures
from paoding_onnx.rules.bodies import State, appends, stacks, starts_list, wiring
from paoding_onnx.rules.forms import PASS_ON, TURN, permuted
from paoding_onnx.shapes.steps import body_of


@dataclass(frozen=True, slots=True)
class _List:
    """A list that a loop appends to: the state it is, what makes it longer, and the places of what stacks it."""

    loop: int
    state: State
    append: int
    stacked: tuple[int, ...]


def collected_lists(model: Model, graph: Graph) -> Model:
    """The model whose loops collect what they appended to lists; `model` itself if there are none that are stacked.

    `graph` is what was observed of it.
    """
    ranks = {name: len(tensor.shape) for name, tensor in graph.tensors.items() if tensor.shape is not None}
    proto = onnx.ModelProto()
    proto.CopyFrom(model.proto)
    changed = False
    while (found := next(_lists(proto, ranks), None)) is not None:
        _collect(proto, found, ranks)
        changed = True
    return replace(model, proto=proto) if changed else model


def _lists(proto: onnx.ModelProto, ranks: Mapping[str, int]) -> Iterator[_List]:
    """Lists that nothing but a loop and what stacks them knows, of tensors whose number of axes is known."""
    graph = proto.graph
    made = makers(graph.node)
    for place, node in enumerate(graph.node):
        body = body_of(node, proto)
        for state in wiring(bare_node(node)).states if body is not None else ():
            start, end = node.input[state.start], node.output[state.end]
            if body is None or start not in made or not starts_list(graph.node[made[start]].op_type):
                continue
            append = _appending(body, state)
            readers = [k for k, other in enumerate(graph.node) if end in {*other.input, *captures(other)}]
            are_stacked = readers and all(stacks(bare_node(graph.node[k])) is not None for k in readers)
            is_left = end in {info.name for info in graph.output}
            are_known = all(graph.node[k].output[0] in ranks for k in readers)
            if append is not None and are_stacked and are_known and not is_left:
                yield _List(place, state, append, tuple(readers))


def _appending(body: onnx.GraphProto, state: State) -> int | None:
    """The place of the node that appends to a list; `None` if anything else is done with the list."""
    handed, result = body.input[state.handed].name, body.output[state.made].name
    readers = [k for k, node in enumerate(body.node) if not {handed, result}.isdisjoint({*node.input, *captures(node)})]
    others = [info.name for k, info in enumerate(body.output) if k != state.made]
    if len(readers) != 1 or handed in others or result in others:
        return None
    node = body.node[readers[0]]
    is_it = appends(bare_node(node)) and node.input[0] == handed and list(node.output) == [result]
    return readers[0] if is_it else None


def _collect(proto: onnx.ModelProto, found: _List, ranks: Mapping[str, int]) -> None:
    """Let a loop collect what it appended, in place."""
    taken = names_in(proto)
    node = proto.graph.node[found.loop]
    body = body_of(node, proto)
    if body is None:
        return
    source, start = body.node[found.append].input[1], node.input[found.state.start]
    passed, collected = free_name(f"{source}_step", taken), free_name(f"{node.output[found.state.end]}_steps", taken)
    body.node.append(onnx.helper.make_node(PASS_ON, [source], [passed]))
    state = found.state
    gone = {body.input[state.handed].name, body.output[state.made].name, node.output[state.end]}
    del body.node[found.append], node.input[state.start], body.input[state.handed], body.output[state.made]
    del node.output[state.end]
    for infos in (body.value_info, proto.graph.value_info):
        for place in reversed([k for k, info in enumerate(infos) if info.name in gone]):
            del infos[place]
    body.output.add(name=passed)
    node.output.append(collected)
    for place in found.stacked:
        proto.graph.node[place].CopyFrom(_turned(proto.graph.node[place], collected, ranks))
    if not any(start in {*other.input, *captures(other)} for other in proto.graph.node):
        del proto.graph.node[makers(proto.graph.node)[start]]


def _turned(stacking: onnx.NodeProto, collected: str, ranks: Mapping[str, int]) -> onnx.NodeProto:
    """What lays the steps, which come first, along the axis on which they were stacked."""
    n_axes, axis = ranks[stacking.output[0]], stacks(bare_node(stacking)) or 0
    along = axis + n_axes if axis < 0 else axis
    order = list(range(1, n_axes))
    form = permuted([*order[:along], 0, *order[along:]])
    node = onnx.helper.make_node(TURN, [collected], list(stacking.output), stacking.name)
    node.attribute.extend(onnx.helper.make_attribute(name, value) for name, value in form.attributes.items())
    return node
