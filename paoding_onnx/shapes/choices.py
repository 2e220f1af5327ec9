"""CHOICES: nodes that compute one of two subgraphs, taken apart for the analysis and put together again for the file.

While a choice is *open*, both branches are computed beside all other nodes, where layers can be traced, cut and fitted
like any others, and a node takes the numbers of one of them. Both results are outputs as well, so that a branch that
the inputs at hand do not take counts as much as the other. To *close* it is to move all that serves one branch alone
back into it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import reduce
from types import MappingProxyType

import onnx
from onnx import numpy_helper

from paoding_onnx.model.external import mark_external
from paoding_onnx.model.load import LIFT_BYTES, PLACEHOLDER, Model
from paoding_onnx.model.naming import free_name, names_in
from paoding_onnx.model.nodes import Array
from paoding_onnx.model.subgraphs import captures
from paoding_onnx.model.tensors import store
from paoding_onnx.rules.forms import CHOOSE, CHOOSE_BRANCH, PASS_ON, branch_taken

_SLOTS = {True: 1, False: 2}
"""The inputs of the node that takes one of two results (ONNX Where-9)."""
_LIFTED = (onnx.TensorProto.FLOAT, onnx.TensorProto.FLOAT16, onnx.TensorProto.DOUBLE)


@dataclass(frozen=True, slots=True)
class Choice:
    """A choice that was opened: the tensors that it made, their types, and results that are outputs meanwhile."""

    outputs: tuple[str, ...]
    types: tuple[int, ...]
    added: tuple[str, ...]


def branches_of(node: onnx.NodeProto) -> Mapping[bool, onnx.GraphProto]:
    """The branches of a node by what its condition says; empty if it does not choose between two."""
    subgraphs = {attribute.name: attribute.g for attribute in node.attribute if attribute.HasField("g")}
    names = {said: branch_taken(condition=said) for said in (True, False)}
    if not all(name in subgraphs and not subgraphs[name].sparse_initializer for name in names.values()):
        return {}
    return {said: subgraphs[name] for said, name in names.items()} if all(node.output) else {}


def reopened(model: Model, choices: Sequence[Choice]) -> Model:
    """The model with these choices opened again, in turn; one that it does not have is left out."""
    return reduce(lambda held, choice: (opened(held, choice.outputs[0]) or (held,))[0], choices, model)


def settled(model: Model, choices: Sequence[Choice]) -> Model:
    """A model with open choices as it comes out of its file again: some nodes stand in another place."""
    return reopened(closed(model, choices), choices)


def opened(model: Model, output: str) -> tuple[Model, Choice] | None:
    """The model with the choice open that makes tensor `output`; `None` if it has no such one."""
    place = next((k for k, node in enumerate(model.proto.graph.node) if output in node.output), None)
    branches = {} if place is None else branches_of(model.proto.graph.node[place])
    if place is None or not branches:
        return None
    node = model.proto.graph.node[place]
    draft = Draft(model, {node.output[0]})
    results = {said: draft.inline(branch) for said, branch in branches.items()}
    for made, *sides in zip(node.output, results[True], results[False], strict=True):
        inputs = [node.input[0], *(name for name, _ in sides)]
        draft.add(onnx.helper.make_node(CHOOSE, inputs, [made], node.name))
    fresh = {name: info for side in results.values() for name, info in side if info is not None}
    draft.proto.graph.output.extend(fresh.values())
    nodes = list(model.proto.graph.node)
    types = tuple(result.type.tensor_type.elem_type for result in branches[True].output)
    choice = Choice(tuple(node.output), types, tuple(fresh))
    return draft.model([*nodes[:place], *draft.nodes, *nodes[place + 1 :]]), choice


def closed(model: Model, choices: Sequence[Choice]) -> Model:
    """The model with these choices put together again, the one that was opened last first."""
    if not choices:
        return model
    proto = onnx.ModelProto()
    proto.CopyFrom(model.proto)
    for choice in reversed(choices):
        _close(proto, choice)
    return replace(model, proto=proto)


class Draft:
    """A model under way: a copy of its file without some nodes, into which branches are inlined under free names."""

    def __init__(self, model: Model, without: set[str]) -> None:
        self.proto, self.weights = onnx.ModelProto(), dict(model.weights)
        self.nodes: list[onnx.NodeProto] = []
        self._source = model
        self.proto.CopyFrom(model.proto)
        del self.proto.graph.node[:]
        self.proto.graph.node.extend(node for node in model.proto.graph.node if node.output[0] not in without)
        self._taken = names_in(self.proto) | {name for node in model.proto.graph.node for name in node.output}
        self._nodes_taken = {node.name for node in self.proto.graph.node}

    def inline(self, branch: onnx.GraphProto) -> list[tuple[str, onnx.ValueInfoProto | None]]:
        """Add what a branch computes; the names of its results, described where they are made in it."""
        body = onnx.GraphProto()
        body.CopyFrom(branch)
        made = [name for node in body.node for name in node.output if name]
        own = {name: free_name(name, self._taken) for name in (*made, *(tensor.name for tensor in body.initializer))}
        rename(body, own)
        for tensor in body.initializer:
            tensor.name = own[tensor.name]
            store(self.proto, _lifted(tensor, self.weights))
        for node in body.node:
            self.add(node)
        computed = {own[name] for name in made}
        names = [own.get(result.name, result.name) for result in branch.output]
        types = [result.type.tensor_type.elem_type for result in branch.output]
        return [
            (name, onnx.helper.make_tensor_value_info(name, code, None) if name in computed else None)
            for name, code in zip(names, types, strict=True)
        ]

    def add(self, node: onnx.NodeProto) -> None:
        """Add a node, under a free name if it has one: onnxruntime takes no two of one name."""
        node.name = node.name and free_name(node.name, self._nodes_taken)
        self.nodes.append(node)

    def model(self, nodes: Sequence[onnx.NodeProto]) -> Model:
        """The model with these nodes, which may be those of the model that it came from."""
        del self.proto.graph.node[:]
        self.proto.graph.node.extend(nodes)
        return replace(self._source, proto=self.proto, weights=MappingProxyType(self.weights))

    def pass_on(self, source: str, made: str) -> None:
        """Add a node that gives a tensor another name."""
        self.add(onnx.helper.make_node(PASS_ON, [source], [made], f"{made}_taken"))


def rename(graph: onnx.GraphProto, names: Mapping[str, str]) -> None:
    """Give tensors in the nodes of a graph and of its subgraphs other names; names in ONNX hide no outer ones."""
    for node in graph.node:
        node.input[:] = [names.get(name, name) for name in node.input]
        node.output[:] = [names.get(name, name) for name in node.output]
        for attribute in node.attribute:
            for inner in (*attribute.graphs, *([attribute.g] if attribute.HasField("g") else [])):
                rename(inner, names)
                for result in inner.output:  # a result of a subgraph may be a tensor from outside of it
                    result.name = names.get(result.name, result.name)


def _lifted(tensor: onnx.TensorProto, weights: dict[str, Array]) -> onnx.TensorProto:
    """An initializer of a branch as one of the model, its content among the `weights` if it is large."""
    if tensor.data_type in _LIFTED and len(tensor.raw_data) >= LIFT_BYTES:
        weights[tensor.name] = numpy_helper.to_array(tensor)
        tensor.ClearField("raw_data")
        mark_external(tensor, PLACEHOLDER)
    return tensor


def _close(proto: onnx.ModelProto, choice: Choice) -> None:
    """Put a choice together again, in place."""
    graph = proto.graph
    for place in reversed([k for k, info in enumerate(graph.output) if info.name in choice.added]):
        del graph.output[place]
    nodes = list(graph.node)
    takers = [next(k for k, node in enumerate(nodes) if name in node.output) for name in choice.outputs]
    first, taken = nodes[takers[0]], names_in(proto)
    chooser = onnx.helper.make_node(CHOOSE_BRANCH, [first.input[0]], choice.outputs, first.name)
    gone = set(takers)
    for said, slot in _SLOTS.items():
        moved = _serving(nodes, takers, slot, {info.name for info in graph.output})
        results = zip([nodes[k].input[slot] for k in takers], choice.types, strict=True)
        name = branch_taken(condition=said)
        body = _branch(f"{choice.outputs[0]}_{name}", [nodes[k] for k in sorted(moved)], list(results), taken)
        chooser.attribute.append(onnx.helper.make_attribute(name, body))
        gone |= moved
    kept = [chooser if k == max(takers) else node for k, node in enumerate(nodes) if k == max(takers) or k not in gone]
    fresh = [onnx.NodeProto.FromString(node.SerializeToString()) for node in kept]
    del graph.node[:]
    graph.node.extend(fresh)


def _branch(
    name: str, nodes: Sequence[onnx.NodeProto], results: Sequence[tuple[str, int]], taken: set[str]
) -> onnx.GraphProto:
    """A subgraph of these nodes; a result from outside of it, or one that stands there twice, is passed on."""
    body = onnx.GraphProto(name=free_name(name, taken))
    body.node.extend(nodes)
    made = {output for node in nodes for output in node.output}
    for result, code in results:
        own = result
        if result in made:
            made.discard(result)
        else:
            own = free_name(f"{result}_passed", taken)
            body.node.append(onnx.helper.make_node(PASS_ON, [result], [own]))
        body.output.append(onnx.helper.make_tensor_value_info(own, code, None))
    return body


def _serving(nodes: Sequence[onnx.NodeProto], takers: Sequence[int], slot: int, outputs: set[str]) -> set[int]:
    """The nodes whose results nothing needs but the input `slot` of the nodes that take one of two results."""
    readers: dict[str, set[int]] = {}
    for place, node in enumerate(nodes):
        for name in (*node.input, *captures(node)):
            readers.setdefault(name, set()).add(place)
    elsewhere = {name for k in takers for number, name in enumerate(nodes[k].input) if number != slot} | outputs
    serving = set(takers)
    while True:
        more = {
            place
            for place, node in enumerate(nodes)
            if place not in serving
            and elsewhere.isdisjoint(node.output)
            and (needed := set().union(*(readers.get(name, set()) for name in node.output)))
            and needed <= serving
        }
        if not more:
            return serving - set(takers)
        serving |= more
