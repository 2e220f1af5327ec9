"""Which tensors hold numbers that depend on what is fed to a model, not only on the sizes of what is fed."""

from __future__ import annotations

from dataclasses import replace

from paoding_onnx.model.graph import Graph
from paoding_onnx.model.nodes import Node, Origin
from paoding_onnx.rules.equation import Equation
from paoding_onnx.rules.facts import DataDependentShape, ReadsShape
from paoding_onnx.rules.rule import Rule, rule_for


def data_dependent_tensors(graph: Graph) -> frozenset[str]:
    """Names of the tensors whose content depends on the content of graph inputs.

    What a node measures is none of them, unless the content of an input decides about the very sizes.
    """
    return _followed(graph)[0]


def tensors_sized_by_content(graph: Graph) -> frozenset[str]:
    """Names of the tensors whose size the content of graph inputs may decide, such as what a detector found."""
    return _followed(graph)[1]


def _followed(graph: Graph) -> tuple[frozenset[str], frozenset[str]]:
    """The tensors whose content depends on that of graph inputs, and those whose sizes may."""
    ties = [tie for node in graph.nodes for tie in node.ties]
    handed_on: tuple[frozenset[str], frozenset[str]] = (frozenset(), frozenset())
    while True:  # until what a step hands on is known when the next one begins
        found = _one_pass(graph, handed_on)
        more = tuple(
            frozenset(handed for made, handed in ties if made in names and handed not in names) for names in found
        )
        if not any(more):
            return found
        handed_on = handed_on[0] | more[0], handed_on[1] | more[1]


def _one_pass(graph: Graph, handed_on: tuple[frozenset[str], frozenset[str]]) -> tuple[frozenset[str], frozenset[str]]:
    """The same, without what bodies hand on to themselves but for what is given."""
    data_dependent = {tensor.name for tensor in graph.tensors.values() if tensor.origin is Origin.INPUT} | handed_on[0]
    sized_by_content = set(handed_on[1])
    for node in graph.nodes:
        read = {tensor.name for tensor in node.inputs if tensor is not None} | set(node.captures)
        outputs = {tensor.name for tensor in node.outputs if tensor is not None}
        rule = rule_for(_forgetting(node, data_dependent))
        reads_shape = isinstance(rule, Rule) and isinstance(rule.shape, ReadsShape)
        if not read.isdisjoint(sized_by_content if reads_shape else data_dependent):
            data_dependent |= outputs
        if not read.isdisjoint(sized_by_content) or (
            _decides(node, rule, data_dependent) and not read.isdisjoint(data_dependent)
        ):
            sized_by_content |= outputs
    return frozenset(data_dependent), frozenset(sized_by_content)


def _decides(node: Node, rule: Rule | str, data_dependent: set[str]) -> bool:
    """Whether what is fed may decide about the sizes of a node's outputs."""
    if isinstance(rule, str) or isinstance(rule.shape, DataDependentShape):
        return True
    return not _numbers(node, rule.equation).isdisjoint(data_dependent)


def _forgetting(node: Node, data_dependent: set[str]) -> Node:
    """The node without the content that fed tensors happen to have."""
    inputs = (
        replace(t, value=None, varies=None) if t is not None and t.name in data_dependent else t for t in node.inputs
    )
    return replace(node, inputs=tuple(inputs))


def _numbers(node: Node, equation: Equation) -> set[str]:
    """Inputs that a node reads as plain numbers, such as a target shape: those without axes of their own."""
    padded = (*equation.inputs, *[None] * (len(node.inputs) - len(equation.inputs)))
    return {t.name for t, operand in zip(node.inputs, padded, strict=False) if t is not None and operand is None}
