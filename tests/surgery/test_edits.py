"""EDITS: what a plan changes in a file: constants, operands of single nodes, sizes that nodes hold as numbers."""

from __future__ import annotations

import numpy as np

from paoding_onnx.dependency.cost import nothing
from paoding_onnx.model.read import constants
from paoding_onnx.rules.binding import TensorUse
from paoding_onnx.surgery.edits import edits_of
from paoding_onnx.surgery.plan import make_plan
from tests.models import model, traced
from tests.pruning import BRANCHES, CNN, MLP, SHARED, initializers, plan_of, without


def test_group_of_a_depthwise_layer_follows():
    node = without(model(CNN), a=[0, 1, 2]).proto.graph.node[2]
    assert {a.name: a.i for a in node.attribute}["group"] == 5


def test_target_of_a_reshape_follows():
    pruned = without(model(BRANCHES), a=[0], b=[7])
    assert constants(pruned)["target"].tolist() == [0, 7, 16]
    assert set(initializers(pruned)) == {"a", "b", "c", "d", "target"}


def test_target_is_copied_for_reshapes_that_disagree():
    subject = model(BRANCHES)
    pruned = without(subject, a=[0, 1], b=[2, 3, 4])
    found = constants(pruned)
    targets = [found[node.input[1]].tolist() for node in pruned.proto.graph.node if node.op_type == "Reshape"]
    assert targets == [[0, 6, 16], [0, 5, 16]]
    assert "target" not in found


def test_target_stays_for_the_reshape_that_loses_nothing():
    pruned = without(model(BRANCHES), a=[0])
    found = constants(pruned)
    targets = [found[node.input[1]].tolist() for node in pruned.proto.graph.node if node.op_type == "Reshape"]
    assert targets == [[0, 7, 16], [0, 8, 16]]
    assert found["target"].tolist() == [0, 8, 16]


def test_shared_bias_stays_shared_where_both_layers_lose_the_same():
    pruned = without(model(SHARED), a=[2, 4], b=[2, 4])
    assert set(initializers(pruned)) == {"a", "k", "b", "c"}
    assert constants(pruned)["k"].size == 4


def test_shared_bias_is_copied_for_layers_that_lose_different_units():
    subject = model(SHARED)
    pruned = without(subject, a=[0], b=[1, 2])
    whole, found = constants(subject)["k"], constants(pruned)
    first, second = (found[pruned.proto.graph.node[index].input[2]] for index in (0, 2))
    assert first.tolist() == np.delete(whole, [0]).tolist()
    assert second.tolist() == np.delete(whole, [1, 2]).tolist()
    assert "k" not in found


def decided(text, **units):
    """The edits for a plan that removes these units of the groups made at these tensors."""
    trace = traced(text)
    return edits_of(trace, plan_of(trace, **units), {})


def without_positions(text, tensor, axis, positions):
    """The edits for a plan that removes what is at these positions of an axis."""
    trace = traced(text)
    removed = nothing(trace)
    removed[trace.units[TensorUse(tensor), axis][positions]] = True
    return edits_of(trace, make_plan(removed), {})


def test_plan_that_removes_nothing_changes_nothing():
    edits = decided(BRANCHES)
    assert (edits.constants, edits.operands, edits.patches, edits.attributes) == ({}, {}, {}, {})


def test_only_constants_that_lose_something_are_written():
    edits = decided(MLP, a=[0, 3])
    whole = constants(model(MLP))
    assert edits.constants.keys() == {"a", "ab", "b"}
    assert np.array_equal(edits.constants["a"], np.delete(whole["a"], [0, 3], 1))
    assert np.array_equal(edits.constants["b"], np.delete(whole["b"], [0, 3], 0))


def test_override_is_written_though_nothing_is_cut():
    trace = traced(MLP)
    edits = edits_of(trace, plan_of(trace), {"c": np.zeros((12, 4), np.float32)})
    assert edits.constants.keys() == {"c"}
    assert not edits.constants["c"].any()


def test_attribute_that_holds_a_size_gets_the_new_one():
    assert decided(CNN, a=[0, 1, 2]).attributes == {(2, "group"): 5}


def test_list_of_sizes_keeps_what_did_not_change():
    text = """g (float[2,3] x) => (float[2,4] y) <float[3,9] a, float[4,4] b, float[5,4] c> {
      p = MatMul (x, a) q, r = Split <axis=1, split=[4,5]> (p) s = MatMul (q, b) t = MatMul (r, c) y = Add (s, t)
    }"""
    trace = traced(text, opset=11)
    (first, second) = trace.groups
    removed = nothing(trace)
    removed[second.start : second.start + 2] = True
    assert first.n_units == 4
    assert edits_of(trace, make_plan(removed), {}).attributes == {(1, "split"): [4, 3]}


def test_batch_in_a_target_stays_computed_where_the_width_is_written():
    text = """g (float[N,3,2,2] x) => (float[N,5] y)
        <float[8,3,1,1] a, float[32,5] b, int64[1] zero={0}, int64[1] one={1}, int64[1] width={32}> {
      p = Conv (x, a) s = Shape (x) n = Slice (s, zero, one) t = Concat <axis=0> (n, width) r = Reshape (p, t)
      y = MatMul (r, b)
    }"""
    ((operand, patch),) = decided(text, a=[0, 1]).patches.items()
    assert operand == (4, 1)
    assert (patch.kept.tolist(), patch.numbers.tolist()) == ([1, 0], [0, 24])


def test_shape_that_is_computed_is_patched_where_it_has_to_change():
    """Batch and height, which vary, stay computed; channels and width are written."""
    text = """g (float[N,3,H,2] x) => (float[N,5,H,2] y)
        <float[8,3,1,1] a, float[1,8,1,1] k, float[5,8,1,1] b, int64[1] zero={0}, int64[1] one={1}, int64[1] two={2},
         int64[1] four={4}, int64[1] width={8}> {
      p = Conv (x, a) s = Shape (x) n = Slice (s, zero, one) h = Slice (s, two, four)
      t = Concat <axis=0> (n, width, h) r = Expand (k, t) z = Add (p, r) y = Conv (z, b)
    }"""
    ((operand, patch),) = decided(text, a=[0, 1]).patches.items()
    assert operand == (5, 1)
    assert (patch.kept.tolist(), patch.numbers.tolist()) == ([1, 0, 1, 0], [0, 6, 0, 2])
    assert patch.numbers.dtype == np.int64


TAKEN = """g (float[2,3] x) => (float[2,5] y) <float[3,6] a, int64[4] take={5,0,2,5}, float[4,5] b> {
  p = MatMul (x, a) q = Gather <axis=1> (p, take) y = MatMul (q, b)
}"""
"""Of six units, four places are taken, one of them twice."""


def test_indices_into_what_shrinks_are_renumbered():
    edits = without_positions(TAKEN, "a", 1, [0, 1])
    assert edits.constants["take"].tolist() == [3, 0, 3]  # 5, 2 and 5 among 2, 3, 4 and 5
    assert np.array_equal(edits.constants["b"], np.delete(constants(model(TAKEN))["b"], 1, 0))


def test_indices_on_several_axes_keep_them():
    text = TAKEN.replace("int64[4]", "int64[1,4]").replace("y = MatMul (q, b)", "f = Flatten (q) y = MatMul (f, b)")
    assert without_positions(text, "a", 1, [0, 1]).constants["take"].tolist() == [[3, 0, 3]]


def test_indices_stay_where_all_that_is_taken_and_all_before_it_stays():
    assert "take" not in decided(TAKEN).constants


def test_place_counted_from_the_end_is_counted_from_the_start_where_its_axis_shrinks():
    text = """g (float[2,3] x) => (float[2,4] y)
        <float[3,6] a, float[5,4] b, int64[1] start={0}, int64[1] end={-1}, int64[1] axes={1}> {
      p = MatMul (x, a) q = Slice (p, start, end, axes) y = MatMul (q, b)
    }"""
    assert without_positions(text, "a", 1, [0, 1]).constants["end"].tolist() == [3]  # of four that are left


def test_size_that_is_data_stays_what_it_was():
    text = """g (float[2,3,4,4] x) => (float[2,5,4,4] y) <float[8,3,1,1] a, float[5,8,1,1] b, int64 one={1}> {
      p = Conv (x, a) s = Shape (p) c = Gather (s, one) f = Cast <to=1> (c) q = Div (p, f) y = Conv (q, b)
    }"""
    edits = decided(text, a=[0])
    ((operand, use),) = edits.operands.items()
    assert (operand, use.value.tolist()) == ((4, 1), 8.0)


def test_constant_that_is_an_output_too_is_copied_for_its_node():
    text = BRANCHES.replace("y) <", "y, int64[3] target) <").replace("y)\n    <", "y, int64[3] target)\n    <")
    edits = decided(text, a=[0], b=[0])
    assert "target" not in edits.constants
    assert [use.value.tolist() for use in edits.operands.values()] == [[0, 7, 16]] * 2
