"""What the nodes right behind an input tell about it: the first weights, the table that tokens are looked up in."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from paoding_onnx.graph import Graph
from paoding_onnx.graph import Node
from paoding_onnx.graph import Tensor
from paoding_onnx.inputs.colours import Floats
from paoding_onnx.rules import Rule
from paoding_onnx.rules import rule_for

_FEW = 8


def first_weights(graph: Graph, name: str) -> Floats | None:
    """The first matrix that input `name` is multiplied with, `(n_features, n_units)`; `None` if there is none."""
    for node, rule in _behind(graph, name):
        if rule is None or not rule.macs:
            continue
        weight = next((t.value for t in node.inputs if t is not None and t.is_constant and t.value is not None), None)
        if weight is None or weight.ndim != 2 or weight.dtype.kind != "f":
            return None
        left, right = (words.split() for words in rule.equation.split("->")[0].split(",")[:2])
        return np.asarray(np.moveaxis(weight, right.index(left[-1]), 0) if left[-1] in right else weight, np.float32)
    return None


def vocabulary(graph: Graph, name: str) -> int:
    """How many different numbers the integer input `name` may hold; 2 if nothing tells."""
    for node, _ in _behind(graph, name):
        for table in (t for t in node.inputs if t is not None and t.is_constant and t.value is not None):
            if _is_looked_up(table, node) or _counts(table):
                return int(table.value.size if _counts(table) else table.value.shape[0])  # type: ignore[union-attr]
    return 2


def _behind(graph: Graph, name: str) -> Iterator[tuple[Node, Rule | None]]:
    """Nodes that input `name` reaches, in running order, up to those that contract."""
    reached = {name}
    for node in graph.nodes:
        if not any(tensor is not None and tensor.name in reached for tensor in node.inputs):
            continue
        rule = rule_for(node)
        yield node, None if isinstance(rule, str) else rule
        reached.update(tensor.name for tensor in node.outputs if tensor is not None)


def _is_looked_up(table: Tensor, node: Node) -> bool:
    """Whether a node hands out rows of a constant."""
    value = table.value
    out = node.outputs[0]
    return (
        value is not None
        and value.ndim == 2
        and value.dtype.kind == "f"
        and out is not None
        and out.shape is not None
        and out.shape[-1:] == value.shape[1:]
        and out.dtype == value.dtype
    )


def _counts(table: Tensor) -> bool:
    """Whether a constant is 0, 1, 2, ..., as numbers are compared with to make one-hot vectors."""
    value = table.value
    return (
        value is not None
        and value.size >= _FEW
        and value.dtype.kind in "iuf"
        and bool(np.array_equal(value.reshape(-1), np.arange(value.size)))
    )
