"""What the nodes right behind an input tell about it: the first weights, the table that tokens are looked up in."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from paoding_onnx.calibration.images.frame import Floats
from paoding_onnx.model.graph import Graph, Node, Tensor
from paoding_onnx.rules.rule import Affine, Passes, Rule, rule_for

_FEW = 8


@dataclass(frozen=True, slots=True)
class Filters:
    """The first kernels that pictures meet, `(n_units, n_channels, *kernel)`, and their biases, `(n_units,)`.

    With `deviation`, `(n_units,)`, statistics of the answers to training data are stored: `bias` is minus the mean.
    """

    weights: NDArray[np.float64]
    bias: NDArray[np.float64]
    deviation: NDArray[np.float64] | None = None


def first_filters(graph: Graph, name: str) -> Filters | None:
    """The kernels that pictures in input `name` meet first, with what is added and multiplied right behind them.

    `None` if anything but Cast, Transpose and the like stands between.
    """
    found: Filters | None = None
    tensor = name
    for node, rule in _behind(graph, name):
        if not any(t is not None and t.name == tensor for t in node.inputs) or rule is None:
            continue
        if found is None and rule.macs:
            found = _filters(node)
        elif found is not None and rule.affine is not None and found.deviation is None:
            found = _behind_filters(found, node, rule, rule.affine)
        elif found is not None or rule.affine is not None or rule.passes is not Passes.ANY:
            return found
        if found is None and rule.macs:
            return None
        tensor = next((t.name for t in node.outputs if t is not None), "")
    return found


def _filters(node: Node) -> Filters | None:
    constants = [t.value for t in node.inputs if t is not None and t.is_constant and t.value is not None]
    if not constants or constants[0].ndim != 4 or constants[0].dtype.kind != "f":
        return None
    bias = constants[1] if len(constants) > 1 else np.zeros(len(constants[0]))
    if bias.size != len(constants[0]):
        return None  # the filters lie along another axis: a transposed convolution
    return Filters(np.asarray(constants[0], np.float64), np.asarray(bias.reshape(-1), np.float64))


def _behind_filters(filters: Filters, node: Node, rule: Rule, affine: Affine) -> Filters:
    """The filters with a gain and a shift, or with the statistics that the node stores."""
    where = rule.statistics
    tensors = () if where is None else (node.operand(where.mean), node.operand(where.variance))
    stored = [t.value.astype(np.float64) for t in tensors if t is not None and t.value is not None]
    if len(stored) == 2:
        mean, variance = stored
        return replace(filters, bias=filters.bias - mean, deviation=np.sqrt(np.maximum(variance, 0)))
    gain = np.broadcast_to(affine.gain.astype(np.float64), filters.bias.shape)
    weights = filters.weights * gain.reshape(-1, *[1] * (filters.weights.ndim - 1))
    return replace(filters, weights=weights, bias=filters.bias * gain + affine.shift.astype(np.float64))


def first_weights(graph: Graph, name: str) -> Floats | None:
    """The first matrix that input `name` is multiplied with, `(n_features, n_units)`; `None` if there is none."""
    for node, rule in _behind(graph, name):
        if rule is None or not rule.macs:
            continue
        weight = next((t.value for t in node.inputs if t is not None and t.is_constant and t.value is not None), None)
        if weight is None or weight.ndim != 2 or weight.dtype.kind != "f":
            return None
        left, right = (description.split() for description in rule.equation.split("->")[0].split(",")[:2])
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
