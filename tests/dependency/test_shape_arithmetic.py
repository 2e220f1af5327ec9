"""Sizes that become data: where a model computes with the size of an axis, the axis is named."""

from __future__ import annotations

import pytest

from paoding_onnx.dependency.shape_arithmetic import follow_sizes
from paoding_onnx.rules.binding import bind_nodes
from paoding_onnx.shapes.observe import observe
from tests.models import model, prune_randomly, traced

HEAD = (
    "g (float[2,3,4,4] x) => (float[2,5,4,4] y) <float[8,3,1,1] a, float[5,8,1,1] b, int64 one={1}> { p = Conv (x, a) "
)
SCALED = HEAD + "s = Shape (p) c = Gather (s, one) f = Cast <to=1> (c) q = Div (p, f) y = Conv (q, b) }"


def data_uses(text: str) -> list[tuple[str, set[tuple[str, int]]]]:
    """The operator that reads sizes as data (empty for a graph output), and the axes whose sizes they are."""
    graph = observe(model(text))
    bound_nodes = bind_nodes(graph)
    return [
        (
            bound_nodes[data_use.node_index].node.operator if data_use.node_index >= 0 else "",
            {(use.tensor, axis) for use, axis in data_use.sources},
        )
        for data_use in follow_sizes(graph, bound_nodes).data_uses
    ]


def test_size_that_scales_an_activation_is_data():
    ((operator, sources),) = data_uses(SCALED)
    assert operator == "Div"
    assert ("p", 1) in sources


def test_size_that_is_data_keeps_its_value_when_the_axis_shrinks():
    trial = prune_randomly(model(SCALED))
    assert trial.n_removed >= 4
    assert trial.verdict.passed, trial.verdict.detail
    assert trial.predicted == trial.recounted


def test_size_that_is_data_and_varies_pins_its_axis():
    text = SCALED.replace("float[2,3,4,4] x", "float[b,3,h,w] x").replace("float[2,5,4,4] y", "float[b,5,h,w] y")
    text = text.replace("Gather (s, one)", "ReduceMax <keepdims=0> (s)")
    found = traced(text)
    assert found.groups == ()
    assert "computes with the size of this axis" in {refusal.reason for refusal in found.refusals}


def test_number_of_elements_is_made_of_every_axis():
    text = HEAD + "s = Size (p) f = Cast <to=1> (s) q = Mul (p, f) y = Conv (q, b) }"
    assert data_uses(text) == [("Mul", {("p", 0), ("p", 1), ("p", 2), ("p", 3)})]


def test_part_of_a_shape_is_made_of_its_axes():
    text = HEAD + "s = Shape <start=2> (p) f = Cast <to=1> (s) m = ReduceMax (f) q = Mul (p, m) y = Conv (q, b) }"
    assert data_uses(text) == [("Mul", {("p", 2), ("p", 3)})]
    assert traced(text).n_units == 8


@pytest.mark.parametrize(
    "body",
    ["r = Reshape (p, s) y = Conv (r, b) }", "z = ConstantOfShape (s) r = Add (p, z) y = Conv (r, b) }"],
    ids=["target of a reshape", "shape of a constant"],
)
def test_size_that_ends_in_a_shape_is_no_data(body):
    assert data_uses(HEAD + "s = Shape (p) " + body) == []


def test_size_that_is_a_graph_output_is_data():
    text = HEAD.replace("y)", "y, int64[4] s)") + "s = Shape (p) y = Conv (p, b) }"
    assert data_uses(text) == [("", {("p", 0), ("p", 1), ("p", 2), ("p", 3)})]


def test_size_that_an_unknown_operator_reads_is_data():
    text = HEAD + "s = Shape (p) n = RandomNormalLike <dtype=1> (s) r = Reshape (p, s) y = Conv (r, b) }"
    assert [operator for operator, _ in data_uses(text)] == ["RandomNormalLike"]


def test_reshape_keeps_its_target_when_another_tensor_it_was_computed_from_shrinks():
    text = (
        "g (float[2,3,4,4] x) => (float[2,5,16] y) <float[8,3,1,1] a, float[8,8,1,1] b, float[5,8] c,"
        " int64[1] zero={0}, int64[1] two={2}, int64[1] all={16}> {"
        " p = Conv (x, a) q = Conv (p, b) s = Shape (p) n = Slice (s, zero, two)"
        " t = Concat <axis=0> (n, all) f = Softmax <axis=1> (q) r = Reshape (f, t) y = MatMul (c, r) }"
    )
    trial = prune_randomly(model(text))
    assert trial.n_removed >= 4
    assert trial.verdict.passed, trial.verdict.detail
