"""Which tensors hold numbers that depend on what is fed to a model, not only on the sizes of what is fed."""

from __future__ import annotations

from dataclasses import replace

from paoding_onnx.model.graph import Graph, Node
from paoding_onnx.rules.equation import parse
from paoding_onnx.rules.rule import rule_for


def data_dependent_tensors(graph: Graph) -> frozenset[str]:
    """Names of the tensors whose content depends on the content of graph inputs.

    What a node measures is none of them, unless the content of an input decides about the very sizes.
    """
    data_dependent = set(graph.inputs)
    sized_by_content: set[str] = set()
    for node in graph.nodes:
        read = {tensor.name for tensor in node.inputs if tensor is not None} | set(node.captures)
        outputs = {tensor.name for tensor in node.outputs if tensor is not None}
        rule = rule_for(_forgetting(node, data_dependent))
        measures = not isinstance(rule, str) and bool(rule.measures)
        if not read.isdisjoint(sized_by_content if measures else data_dependent):
            data_dependent |= outputs
        decides = isinstance(rule, str) or rule.resizes or not _numbers(node, rule.equation).isdisjoint(data_dependent)
        if not read.isdisjoint(sized_by_content) or (decides and not read.isdisjoint(data_dependent)):
            sized_by_content |= outputs
    return frozenset(data_dependent)


def _forgetting(node: Node, data_dependent: set[str]) -> Node:
    """The node without the content that fed tensors happen to have."""
    inputs = (
        replace(t, value=None, varies=None) if t is not None and t.name in data_dependent else t for t in node.inputs
    )
    return replace(node, inputs=tuple(inputs))


def _numbers(node: Node, equation: str) -> set[str]:
    """Inputs that a node reads as plain numbers, such as a target shape: those without axes of their own."""
    operands = parse(equation).inputs
    padded = (*operands, *[None] * (len(node.inputs) - len(operands)))
    return {t.name for t, operand in zip(node.inputs, padded, strict=False) if t is not None and operand is None}
