"""Every node with its rule bound to the shapes at hand, and tensors as nodes see them. Unites nothing yet."""

from __future__ import annotations

from dataclasses import dataclass

from paoding_onnx.model.graph import Graph, Node, Tensor
from paoding_onnx.rules.equation import AxesError, Binding, Operand, bind, parse
from paoding_onnx.rules.rule import Rule, fixed, rule_for


@dataclass(frozen=True, slots=True, order=True)
class TensorUse:
    """A tensor as nodes see it. A constant vector counts once for every use (`node`, `operand`): exporters share equal
    biases between layers that have nothing else in common, and surgery can give each use its own copy.
    """

    tensor: str
    node: int = -1
    operand: int = -1


@dataclass(frozen=True, slots=True)
class BoundNode:
    """A node with its rule bound to its shapes; an operand without axes of its own has no slot."""

    node: Node
    rule: Rule
    binding: Binding
    inputs: tuple[TensorUse | None, ...]
    outputs: tuple[TensorUse | None, ...]
    has_rule: bool


def bind_nodes(graph: Graph) -> tuple[BoundNode, ...]:
    """Every node with its rule bound; a node without a usable rule gets one under which nothing shrinks."""
    return tuple(bind_node(node, index) for index, node in enumerate(graph.nodes))


def bind_node(node: Node, index: int) -> BoundNode:
    """Node number `index` of a graph with its rule bound."""
    answer = rule_for(node)
    if not isinstance(answer, str):
        try:
            binding, rule = _bind(node, answer), answer
        except AxesError as error:
            answer = f"its rule does not fit here: {error}"
    if isinstance(answer, str):
        rule = fixed(node, answer)
        binding = _bind(node, rule)
    uses = [_tensor_use(t, o, index, k) for k, (t, o) in enumerate(zip(node.inputs, binding.inputs, strict=True))]
    outputs = [_tensor_use(t, o, index, k) for k, (t, o) in enumerate(zip(node.outputs, binding.outputs, strict=True))]
    return BoundNode(node, rule, binding, tuple(uses), tuple(outputs), not isinstance(answer, str))


def _bind(node: Node, rule: Rule) -> Binding:
    left, right = ([t.shape if t is not None else None for t in side] for side in (node.inputs, node.outputs))
    return bind(parse(rule.equation), left, right, rule.sizes)


def _tensor_use(tensor: Tensor | None, operand: Operand | None, node: int, index: int) -> TensorUse | None:
    if tensor is None or operand is None:
        return None
    if tensor.is_constant and len(operand) <= 1:
        return TensorUse(tensor.name, node, index)
    return TensorUse(tensor.name)
