"""Which tensors hold numbers that depend on what is fed to a model, not only on the sizes of what is fed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from paoding_onnx.model.graph import Graph
from paoding_onnx.model.nodes import Node, Origin, Part, Tensor
from paoding_onnx.rules.bodies import deciding, ways
from paoding_onnx.rules.facts import ReadsShape
from paoding_onnx.rules.rule import Rule, rule_for
from paoding_onnx.shapes.open_axes import mark_open


def data_dependent_tensors(graph: Graph) -> frozenset[str]:
    """Names of the tensors whose content depends on the content of graph inputs.

    What a node measures is none of them, unless the content of an input decides about the very sizes.
    """
    return _depending(graph)[0]


def tensors_sized_by_content(graph: Graph) -> frozenset[str]:
    """Names of the tensors whose size the content of graph inputs may decide, such as what a detector found."""
    return _depending(graph)[1]


def _depending(graph: Graph) -> tuple[frozenset[str], frozenset[str]]:
    """The tensors whose content depends on that of graph inputs, and those whose sizes may.

    Open are those whose sizes do not follow from the sizes of all inputs and from what does not depend on content.
    """
    content, sized = _by_content(graph, frozenset(), frozenset()), frozenset[str]()
    while True:
        closed = mark_open(graph, {}, {}, unknown=content)
        more = frozenset(name for name, tensor in closed.items() if any(tensor.open))
        if more == sized:
            return content, sized
        sized = more
        found = _by_content(graph, content, sized)
        if found == content:
            return content, sized
        content = found


def _by_content(graph: Graph, known: frozenset[str], sized: frozenset[str]) -> frozenset[str]:
    """The tensors whose content depends on that of inputs, beside those of which it is known, if these are `sized`."""
    ties = [tie for node in graph.nodes for tie in node.ties]
    found = {*known, *(tensor.name for tensor in graph.tensors.values() if tensor.origin is Origin.INPUT)}
    while True:  # until what a step hands on is known when the next one begins
        found = _followed(graph, found, sized)
        more = {handed for made, handed in ties if made in found} - found
        if not more:
            return frozenset(found)
        found |= more


def _followed(graph: Graph, known: set[str], sized: frozenset[str]) -> set[str]:
    """The tensors whose content depends on that of graph inputs, in one pass; `known` is what is known of it."""
    found = set(known)
    for node in graph.nodes:
        if node.whole is not None:
            found |= _of_body(node, node.whole, found)
            continue
        read = {*_names(node.inputs, range(len(node.inputs))), *node.captures}
        made = _names(node.outputs, range(len(node.outputs)))
        if made <= found or (read.isdisjoint(found) and read.isdisjoint(sized)):
            continue  # whatever its rule says
        rule = rule_for(node)
        reads_shape = isinstance(rule, Rule) and isinstance(rule.shape, ReadsShape)
        if not read.isdisjoint(sized if reads_shape else found):
            found |= made
    return found


def _of_body(node: Node, whole: Node, known: set[str]) -> set[str]:
    """What goes into a body, or comes out of it, whose content depends on that of inputs.

    How many steps there are decides about what comes out.
    """
    by_steps = node.part is Part.EXIT and any(t is not None and t.name in known for t in deciding(node, whole))
    found = set[str]()
    for way in ways(node, whole):
        if by_steps or not _names(node.inputs, way.sources).isdisjoint(known):
            found |= _names(node.outputs, (way.output,))
    return found


def _names(tensors: Sequence[Tensor | None], places: Iterable[int]) -> set[str]:
    return {tensor.name for k in places if (tensor := tensors[k]) is not None}
