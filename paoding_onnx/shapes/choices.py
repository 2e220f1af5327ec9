"""CHOICES: nodes that compute one of two subgraphs, taken apart for the analysis and put together again for the file.

While a choice is *open*, both branches are computed beside all other nodes, where layers can be traced, cut and fitted
like any others, and a node takes the numbers of one of them. A branch that the inputs at hand do not take has to count
as much as the other: where what is chosen leaves the model, both results are outputs meanwhile; in the middle of a
network which one is taken is *drawn* from what is fed. To *close* it is to move all that serves one branch alone back
into it, and to let its own condition decide again.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from functools import reduce

import numpy as np
import onnx
from onnx import numpy_helper

from paoding_onnx.model.load import Model
from paoding_onnx.model.naming import free_name, names_in
from paoding_onnx.model.node_index import makers_in
from paoding_onnx.model.stored import is_constant
from paoding_onnx.model.subgraphs import captures
from paoding_onnx.model.tensors import store
from paoding_onnx.rules.forms import CHOOSE, CHOOSE_BRANCH, PASS_ON, branch_taken, is_of_any_size
from paoding_onnx.shapes.draft import Draft, levels, rename

_SLOTS = {True: 1, False: 2}
"""The inputs of the node that takes one of two results (ONNX Where-9)."""


@dataclass(frozen=True, slots=True)
class Choice:
    """A choice that was opened.

    Attributes:
        outputs: the tensors that it made, `types` what kind of numbers they hold.
        condition: the tensor that decides.
        added: results that are outputs meanwhile.
        drawn: what the nodes make that decide meanwhile; empty if the condition itself does.
        whole: the node itself, where only the branch that it takes, `said` by the condition, stands in its place
            meanwhile, and nothing in it ever changes; empty for all others.
        inlined: what the nodes of that branch make.
    """

    outputs: tuple[str, ...]
    types: tuple[int, ...]
    condition: str
    added: tuple[str, ...]
    drawn: tuple[str, ...] = ()
    whole: bytes = b""
    said: bool = True
    inlined: tuple[str, ...] = ()


def branches_of(node: onnx.NodeProto) -> Mapping[bool, onnx.GraphProto]:
    """The branches of a node by what its condition says; empty if it does not choose between two."""
    subgraphs = {attribute.name: attribute.g for attribute in node.attribute if attribute.HasField("g")}
    names = {said: branch_taken(condition=said) for said in (True, False)}
    if not all(name in subgraphs and not subgraphs[name].sparse_initializer for name in names.values()):
        return {}
    return {said: subgraphs[name] for said, name in names.items()} if all(node.output) else {}


def reopened(model: Model, choices: Sequence[Choice]) -> Model:
    """The model with these choices opened again, in turn; one that it does not have is left out."""

    def again(held: Model, numbered: tuple[int, Choice]) -> Model:
        """The model with one more open."""
        number, choice = numbered
        if choice.whole:
            held_open = passed_through(held, choice.outputs[0], said=choice.said)
            return held if held_open is None else held_open[0]
        found = opened(held, choice.outputs[0], drawn_as=number if choice.drawn else None)
        return held if found is None else found[0]

    return reduce(again, enumerate(choices), model)


def undrawn(model: Model, choices: Sequence[Choice]) -> Model:
    """A model with open choices, of which each takes the branch that its condition says; `model` if all do."""
    decided = {choice.drawn[-1]: choice.condition for choice in choices if choice.drawn}
    if not decided:
        return model
    proto = onnx.ModelProto()
    proto.CopyFrom(model.proto)
    rename(proto.graph, decided, made=False)
    return replace(model, proto=proto)


def settled(model: Model, choices: Sequence[Choice]) -> Model:
    """A model with open choices as it comes out of its file again: some nodes stand in another place."""
    return reopened(closed(model, choices), choices)


def forced(model: Model, choices: Iterable[Choice], *, said: bool) -> Model:
    """A model in which choices, open or not, all fall one way, whatever is fed."""
    proto = onnx.ModelProto()
    proto.CopyFrom(model.proto)
    name = free_name("forced", names_in(proto))
    store(proto, numpy_helper.from_array(np.array(said), name))
    _decide(proto.graph, {output for choice in choices for output in choice.outputs}, name)
    return replace(model, proto=proto)


def _decide(graph: onnx.GraphProto, outputs: Container[str], by: str) -> None:
    """Let the nodes that make certain tensors decide by another one."""
    for node in graph.node:
        if node.op_type in (CHOOSE, CHOOSE_BRANCH) and any(name in outputs for name in node.output):
            node.input[0] = by
        for attribute in (attribute for attribute in node.attribute if attribute.HasField("g")):
            _decide(attribute.g, outputs, by)


def opened(model: Model, output: str, *, drawn_as: int | None = None) -> tuple[Model, Choice] | None:
    """The model with the choice open that makes tensor `output`; `None` if it has no such one.

    With a number, which branch is taken is drawn, and with another number by itself; else its results become outputs.
    """
    branches = next(
        (branches_of(node) for graph in levels(model.proto) for node in graph.node if output in node.output), {}
    )
    if not branches:
        return None
    draft = Draft(model)
    node = draft.take_out(output)
    drawn = () if drawn_as is None else draft.draw(drawn_as)
    if drawn_as is not None and not drawn:
        return None
    results = {said: draft.inline(branch) for said, branch in branches.items()}
    decides = drawn[-1] if drawn else node.input[0]
    for made, *sides in zip(node.output, results[True], results[False], strict=True):
        draft.add(onnx.helper.make_node(CHOOSE, [decides, *(name for name, _ in sides)], [made], node.name))
    fresh = {name: info for side in results.values() for name, info in side if info is not None and not drawn}
    draft.proto.graph.output.extend(fresh.values())
    types = tuple(result.type.tensor_type.elem_type for result in branches[True].output)
    return draft.model(), Choice(tuple(node.output), types, node.input[0], tuple(fresh), drawn)


def passed_through(model: Model, output: str, *, said: bool) -> tuple[Model, Choice] | None:
    """The model with the branch that the choice which makes `output` takes where its condition is as `said`.

    `None` unless both branches do nothing but hand on numbers from outside, however many these are: neither of them
    has to change with what they read.
    """
    node = next((node for graph in levels(model.proto) for node in graph.node if output in node.output), None)
    branches = {} if node is None else branches_of(node)
    if node is None or not branches or not all(map(_passes_on, branches.values())):
        return None
    draft = Draft(model)
    draft.take_out(output)
    before = makers_in(draft.proto).keys()
    for (result, _), made in zip(draft.inline(branches[said]), node.output, strict=True):
        draft.pass_on(result, made)
    inlined = tuple(name for name in makers_in(draft.proto) if name not in before)
    whole = _without_sizes(node).SerializeToString()
    return draft.model(), Choice(tuple(node.output), (), node.input[0], (), (), whole, said, inlined)


def _without_sizes(node: onnx.NodeProto) -> onnx.NodeProto:
    """A node whose subgraphs say nothing of the sizes of what they compute."""
    free = onnx.NodeProto()
    free.CopyFrom(node)
    for graph in (attribute.g for attribute in free.attribute if attribute.HasField("g")):
        del graph.value_info[:]
        for result in graph.output:
            result.type.tensor_type.ClearField("shape")
    return free


def _passes_on(branch: onnx.GraphProto) -> bool:
    """Whether a branch does nothing but hand on numbers, in a way that says nothing of how many there are."""
    held = {node.output[0] for node in branch.node if is_constant(node)}
    others = [node for node in branch.node if not is_constant(node)]
    return (
        not branch.initializer
        and held.isdisjoint(result.name for result in branch.output)
        and all(is_of_any_size(node.op_type) and node.input[0] not in held for node in others)
    )


def sides_of(model: Model, choice: Choice) -> tuple[str, ...]:
    """The results of both branches of an open choice."""
    nodes = (node for graph in levels(model.proto) for node in graph.node)
    takers = (node for node in nodes if node.op_type == CHOOSE and not set(choice.outputs).isdisjoint(node.output))
    return tuple(dict.fromkeys(node.input[slot] for node in takers for slot in _SLOTS.values()))


def closed(model: Model, choices: Sequence[Choice]) -> Model:
    """The model with these choices put together again, the one that was opened last first."""
    if not choices:
        return model
    proto = onnx.ModelProto()
    proto.CopyFrom(model.proto)
    for number, choice in reversed(list(enumerate(choices))):
        if choice.whole:
            _put_back(proto, choice)
            continue
        _close(proto, choice, {other.condition for other in choices[: number + 1]})
    return replace(model, proto=proto)


def _put_back(proto: onnx.ModelProto, choice: Choice) -> None:
    """Put a choice whose branch stands in its place back as it was."""
    graph = next(graph for graph in levels(proto) if any(choice.outputs[0] in node.output for node in graph.node))
    places = [k for k, node in enumerate(graph.node) if node.output[0] in choice.inlined]
    for place in reversed(places):
        del graph.node[place]
    graph.node.insert(places[0], onnx.NodeProto.FromString(choice.whole))


def _close(proto: onnx.ModelProto, choice: Choice, conditions: Set[str]) -> None:
    """Put a choice together again, in place; by `conditions` it is decided, and choices that are still open."""
    graph = next(graph for graph in levels(proto) if any(choice.outputs[0] in node.output for node in graph.node))
    for place in reversed([k for k, info in enumerate(proto.graph.output) if info.name in choice.added]):
        del proto.graph.output[place]
    nodes = list(graph.node)
    takers = [next(k for k, node in enumerate(nodes) if name in node.output) for name in choice.outputs]
    first, taken = nodes[takers[0]], names_in(proto)
    condition = choice.condition if choice.drawn else first.input[0]
    chooser = onnx.helper.make_node(CHOOSE_BRANCH, [condition], choice.outputs, first.name)
    gone = set(takers)
    for said, slot in _SLOTS.items():
        moved = _serving(nodes, takers, slot, {info.name for info in graph.output} | conditions)
        results = zip([nodes[k].input[slot] for k in takers], choice.types, strict=True)
        name = branch_taken(condition=said)
        body = _branch(f"{choice.outputs[0]}_{name}", [nodes[k] for k in sorted(moved)], list(results), taken)
        chooser.attribute.append(onnx.helper.make_attribute(name, body))
        gone |= moved
    kept = [chooser if k == max(takers) else node for k, node in enumerate(nodes) if k == max(takers) or k not in gone]
    fresh = [onnx.NodeProto.FromString(node.SerializeToString()) for node in kept]
    del graph.node[:]
    graph.node.extend(fresh)
    for place in reversed([k for k, node in enumerate(proto.graph.node) if node.output[0] in choice.drawn]):
        del proto.graph.node[place]


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
