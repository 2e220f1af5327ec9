"""What rules promise about values (`acts`) holds when onnxruntime runs the node of a golden line."""

from __future__ import annotations

import numpy as np
import onnx
import pytest

from paoding_onnx.model.load import lift
from paoding_onnx.model.nodes import Node
from paoding_onnx.model.session import Session
from paoding_onnx.rules.binding import bind
from paoding_onnx.rules.facts import Homogeneity
from paoding_onnx.rules.rule import Rule, rule_for
from tests.rules.golden import LINES
from tests.rules.nodes import shapes
from tests.rules.said import Golden


def _is_static(golden: Golden) -> bool:
    """Whether every integer that the node reads is given."""
    return not any(t is not None and t.varies is not None and t.varies.any() for t in golden.node.inputs)


FAMILIES = ("elementwise", "linear", "normalization", "pooling", "reduction", "shaping", "joining", "shifting")
FLOATS = [golden for family in FAMILIES for golden in LINES[family]]
SCALING = [
    golden for golden in FLOATS if rule_for(golden.node).acts.homogeneity is not Homogeneity.ONE and _is_static(golden)
]
AFFINE = [golden for golden in FLOATS if rule_for(golden.node).affine is not None]


def _run(golden: Golden, factor: float = 1.0) -> dict[str, np.ndarray]:
    """The node's tensors by name; computed numbers, other than indices, are scaled by `factor`.

    Of a node that multiplies tensors with each other all but the first are scaled: the weights and biases of its units.
    """
    first = golden.node.inputs[0] if rule_for(golden.node).contracts is not None else None
    rng = np.random.default_rng(0)
    content = {t.name: t.value for t in golden.node.inputs if t is not None and t.value is not None}
    for tensor in golden.node.inputs:
        if tensor is not None and tensor.value is None:
            values = np.asarray(rng.standard_normal(tensor.shape)).astype(tensor.dtype)
            is_scaled = tensor.dtype.kind == "f" and tensor is not first
            content[tensor.name] = values * np.float32(factor) if is_scaled else values
    return content | Session(lift(_proto(golden.node, golden.opset, content))).run({})


def _proto(node: Node, opset: int, content: dict[str, np.ndarray]) -> onnx.ModelProto:
    names = [[t.name if t is not None else "" for t in side] for side in (node.inputs, node.outputs)]
    graph = onnx.helper.make_graph(
        [onnx.helper.make_node(node.operator, *names, domain=node.domain, **node.attributes)],
        "g",
        [],
        [onnx.ValueInfoProto(name=name) for name in names[1] if name],
        [onnx.numpy_helper.from_array(values, name) for name, values in content.items()],
    )
    opsets = [onnx.helper.make_opsetid("", opset), onnx.helper.make_opsetid("ai.onnx.ml", 1)]
    return onnx.helper.make_model(graph, ir_version=8, opset_imports=opsets)


def _along(node: Node, rule: Rule, vector: np.ndarray) -> np.ndarray:
    """A vector in the order of the affine operand, laid along the output's axis of the same factor.

    Numbers that stand in attributes are those of the last axis of the only operand.
    """
    if len(node.inputs) == 1:
        return vector
    binding = bind(rule.equation, shapes(node.inputs), shapes(node.outputs), rule.sizes)
    unit = {name for axis in binding.inputs[rule.affine.operand] for name in axis.names}
    return vector.reshape([-1 if unit & set(axis.names) and vector.size > 1 else 1 for axis in binding.outputs[0]])


@pytest.mark.parametrize("golden", SCALING, ids=lambda golden: golden.label)
def test_scaled_units_come_out_scaled(golden: Golden):
    homogeneity = rule_for(golden.node).acts.homogeneity
    once = _run(golden)
    for factor in (0.25, -2.0) if homogeneity is Homogeneity.ANY else (0.25, 3.0):
        scaled = _run(golden, factor)
        np.testing.assert_allclose(scaled["o0"], factor * once["o0"], rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("golden", AFFINE, ids=lambda golden: golden.label)
def test_affine_says_what_the_node_computes(golden: Golden):
    rule = rule_for(golden.node)
    tensors = _run(golden)
    found = [t for k, t in enumerate(golden.node.inputs) if t is not None and k != rule.affine.operand]
    others = found or golden.node.inputs
    gain, shift = (_along(golden.node, rule, vector) for vector in (rule.affine.gain, rule.affine.shift))
    np.testing.assert_allclose(tensors["o0"], gain * tensors[others[0].name] + shift, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("golden", SCALING, ids=lambda golden: golden.label)
def test_onnxruntime_gives_the_shapes_of_the_golden_line(golden: Golden):
    tensors = _run(golden)
    made = [tensor for tensor in golden.node.outputs if tensor is not None]
    assert [tensors[tensor.name].shape for tensor in made] == [tensor.shape for tensor in made]
