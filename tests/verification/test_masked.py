"""MASK: the original at full size computes what the pruned model must, and no weight is touched for it."""

from __future__ import annotations

import numpy as np
import pytest
from onnx import AttributeProto, numpy_helper

from paoding_onnx.model.load import lift
from paoding_onnx.model.read import constants
from paoding_onnx.surgery.cut import cut
from paoding_onnx.verification.masked import is_drawing, mask, seeded
from tests.models import model, parse, random_plan
from tests.pruning import (
    BRANCHES,
    CNN,
    MLP,
    SHARED,
    initializers,
    is_unchanged,
    moved,
    overrides,
    plan_of,
    planted,
    run,
    traced_model,
)


def test_masked_model_computes_what_zeroed_weights_do():
    subject = model(MLP)
    trace = traced_model(subject)
    masked = mask(subject, trace, plan_of(trace, a=[0, 7], b=[11]))
    proto = parse(MLP)
    for tensor in proto.graph.initializer:
        value = numpy_helper.to_array(tensor).copy()
        value[{"b": [0, 7], "c": [11]}.get(tensor.name, [])] = 0  # rows of what consumes the units
        tensor.CopyFrom(numpy_helper.from_array(value, tensor.name))
    assert moved(lift(proto), masked) < 1e-6


def test_mask_touches_no_weight():
    subject = model(CNN)
    trace = traced_model(subject)
    masked = mask(subject, trace, random_plan(trace))
    before, after = initializers(subject), initializers(masked)
    assert masked.weights is subject.weights
    assert all(after[name].SerializeToString() == before[name].SerializeToString() for name in before)
    assert all(name.startswith("paoding_onnx_mask_") for name in after.keys() - before.keys())


def test_pruned_model_computes_what_the_masked_one_does():
    subject = model(CNN)
    trace = traced_model(subject)
    plan = random_plan(trace, 5)
    assert moved(mask(subject, trace, plan), cut(subject, trace, plan)) < 1e-6


@pytest.mark.parametrize("text", [CNN, BRANCHES, SHARED], ids=["cnn", "branches", "shared"])
def test_input_model_is_not_changed(text):
    subject = model(text)
    proto, before = subject.proto.SerializeToString(), overrides(subject)
    trace = traced_model(subject)
    mask(subject, trace, random_plan(trace))
    assert is_unchanged(subject, proto, before)


def placed(text, opset=17, **units):
    """The nodes that mask a model which loses these units of the groups made at these tensors."""
    subject = model(text, opset=opset)
    trace = traced_model(subject)
    masked = mask(subject, trace, plan_of(trace, **units))
    return [node for node in masked.proto.graph.node if node.name.startswith("paoding_onnx_mask_")]


CHAIN = "g (float[2,3] x) => (float[2,5] y) <float[3,8] a, float[8,5] b> { p = MatMul (x, a) y = MatMul (p, b) }"


def test_plan_that_removes_nothing_needs_no_mask():
    assert placed(MLP) == []


def test_units_are_masked_where_they_are_added_up_and_nowhere_else():
    text = """g (float[2,3] x) => (float[2,5] y) <float[3,8] a, float[8] k, float[8,5] b> {
      p = MatMul (x, a) q = Mul (p, k) r = Relu (q) y = MatMul (r, b)
    }"""
    assert [node.input[1] for node in placed(text, a=[0, 1])] == ["r"]


@pytest.mark.parametrize(
    ("text", "opset", "operator"),
    [(CHAIN, 17, "Where"), (CHAIN, 8, "Mul"), (CHAIN.replace("float[", "double["), 17, "Mul")],
    ids=["single precision", "opset without a choice", "double precision"],
)
def test_zero_is_put_in_by_a_choice_where_there_is_a_kernel_for_it(text, opset, operator):
    assert [node.op_type for node in placed(text, opset, a=[0])] == [operator]


@pytest.mark.parametrize("opset", [8, 17])
def test_removed_unit_does_not_reach_the_output_whatever_it_is(opset):
    subject = model(CHAIN, opset=opset)
    trace = traced_model(subject)
    masked = mask(subject, trace, plan_of(trace, a=[2, 5]))
    loud = planted(CHAIN, lambda weights: weights["a"].__setitem__((slice(None), [2, 5]), 1e6))
    masked_loud = mask(loud, trace, plan_of(trace, a=[2, 5]))
    assert moved(masked, masked_loud) == 0
    assert moved(subject, masked) > 0.01


def test_removed_unit_that_is_no_number_does_not_reach_the_output():
    loud = planted(CHAIN, lambda weights: weights["a"].__setitem__((slice(None), [2]), np.nan))
    trace = traced_model(loud)
    assert np.isfinite(run(mask(loud, trace, plan_of(trace, a=[2])))["y"]).all()


def test_state_of_a_recurrent_layer_is_masked_in_its_weights():
    """Its units are added up inside the node, step by step: there the columns of the constant are zero."""
    text = """g (float[7,N,6] x) => (float[7,N,3] y) <float[1,8,6] w, float[1,8,8] r, float[8,3] a> {
      p = RNN <hidden_size=8> (x, w, r) axes = Constant <value = int64[1] {1}> () q = Squeeze (p, axes)
      y = MatMul (q, a)
    }"""
    assert [node.input[1] for node in placed(text, r=[0, 1])] == ["r", "q"]
    subject = model(text)
    trace = traced_model(subject)
    plan = plan_of(trace, r=[0, 1])
    assert moved(mask(subject, trace, plan), cut(subject, trace, plan)) < 1e-6


def test_integers_are_masked_by_their_zero_point():
    text = """g (float[2,3] x) => (float[2,5] y)
        <float[3,8] a, float s={0.05}, uint8 z={120}, int8[8,6] b, float[6,5] c> {
      p = MatMul (x, a) q = QuantizeLinear (p, s, z) r = MatMulInteger (q, b, z) t = Cast <to=1> (r) y = MatMul (t, c)
    }"""
    assert [list(node.input)[1:] for node in placed(text, a=[0])] == [["q", "z"]]


def test_integers_without_a_zero_point_are_masked_by_zero():
    text = """g (float[2,3] x) => (float[2,5] y) <float[3,8] a, float s={0.05}, int8 z={0}, int8[8,6] b, float[6,5] c> {
      p = MatMul (x, a) q = QuantizeLinear (p, s, z) r = MatMulInteger (q, b) t = Cast <to=1> (r) y = MatMul (t, c)
    }"""
    subject = model(text)
    trace = traced_model(subject)
    masked = mask(subject, trace, plan_of(trace, a=[0]))
    (node,) = (node for node in masked.proto.graph.node if node.name.startswith("paoding_onnx_mask_"))
    zero = constants(masked)[node.input[2]]
    assert (zero.dtype, zero.item()) == (np.int8, 0)


def test_size_of_what_shrinks_is_no_sum():
    text = CHAIN.replace("y = MatMul (p, b)", "s = Shape (p) q = MatMul (p, b) y = Identity (q)")
    assert [node.input[1] for node in placed(text, a=[0])] == ["p"]


NOISY = """g (float[2,3] x) => (float[2,3] y) {
  a = RandomNormalLike (x) b = RandomUniformLike <seed=5.0> (x) c = Dropout (x) d = Bernoulli (c)
  p = Add (a, b) y = Add (p, d)
}"""


def seeds(proto):
    return [[a for a in node.attribute if a.name == "seed"] for node in proto.graph.node]


def test_nodes_that_draw_at_random_get_a_seed_unless_they_have_one():
    found = [[attribute.f or attribute.i for attribute in given] for given in seeds(seeded(model(NOISY)).proto)]
    assert found == [[1], [5], [1], [1], [], []]


def test_seed_has_the_type_that_the_operator_takes():
    kinds = [[attribute.type for attribute in given] for given in seeds(seeded(model(NOISY)).proto)]
    real, whole = AttributeProto.FLOAT, AttributeProto.INT
    assert kinds == [[real], [real], [whole], [real], [], []]


def test_seeded_models_draw_the_same():
    first, second = (run(seeded(model(NOISY))) for _ in range(2))
    assert np.array_equal(first["y"], second["y"])


def test_sessions_of_models_that_draw_go_on_from_what_they_drew():
    assert is_drawing(seeded(model(NOISY)))
    assert not is_drawing(seeded(model("g (float[2] x) => (float[2] y) { y = Relu (x) }")))


def test_seeding_leaves_the_model_as_it_was():
    subject = model(NOISY)
    before = subject.proto.SerializeToString()
    seeded(subject)
    assert subject.proto.SerializeToString() == before


@pytest.mark.parametrize("operator", ["Relu", "Nonsense"])
def test_model_that_draws_nothing_stays_the_same(operator):
    subject = model(f"g (float[2] x) => (float[2] y) {{ y = {operator} (x) }}")
    assert seeded(subject) is subject
