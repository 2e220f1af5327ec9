"""SURGERY: the pruned model is the original with slices taken out, and nothing else about it changes."""

from __future__ import annotations

import json

import numpy as np
import onnx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx import numpy_helper

from paoding_onnx.dependency.cost import nothing
from paoding_onnx.errors import ModelError
from paoding_onnx.model.load import lift
from paoding_onnx.model.read import constants
from paoding_onnx.model.session import Session
from paoding_onnx.surgery.cut import cut, reweigh
from paoding_onnx.surgery.plan import make_plan, plan_document
from paoding_onnx.verification.masked import mask
from tests.models import model, parse, prune_randomly, random_plan, traced
from tests.pruning import (
    BRANCHES,
    CNN,
    MLP,
    SHARED,
    initializers,
    is_unchanged,
    overrides,
    plan_of,
    traced_model,
    without,
)

CONSTANTS = """g (float[1,2] x) => (float[1,2] y) {
  [made] a = Constant <value = float[2,3] {1, 2, 3, 4, 5, 6}> ()
  b = Constant <value_floats = [0.5, 0.25, 0.125]> ()
  c = Constant <value = float[3,2] {6, 5, 4, 3, 2, 1}> ()
  p = MatMul (x, a) q = Add (p, b) y = MatMul (q, c)
}"""


def described(proto):
    """The model with documentation and metadata wherever ONNX has room for it."""
    for item in (proto, proto.graph, *proto.graph.node, *proto.graph.initializer):
        item.doc_string = f"about {item.name if hasattr(item, 'name') else 'all'}"
        item.metadata_props.add(key="key", value=item.doc_string)
    proto.producer_name, proto.producer_version, proto.domain, proto.model_version = "exporter", "1.2", "some.where", 7
    return proto


@settings(max_examples=8)
@given(seed=st.integers(0, 1000), share=st.sampled_from([0.2, 0.5, 0.9]))
@pytest.mark.parametrize("subject", [model(MLP), model(CNN), model(BRANCHES)], ids=["mlp", "cnn", "branches"])
def test_constants_are_the_positions_that_the_plan_keeps(subject, seed, share):
    trace = traced_model(subject)
    plan = random_plan(trace, seed, share)
    wanted = dict(constants(subject))
    for entry in json.loads(json.dumps(plan_document(trace, plan)))["axes"]:
        wanted[entry["initializer"]] = np.take(wanted[entry["initializer"]], entry["kept"], entry["axis"])
    found = constants(cut(subject, trace, plan))
    assert all(np.array_equal(found[name], wanted[name]) for name in wanted if wanted[name].dtype == np.float32)


def test_removing_nothing_returns_the_same_bytes():
    subject = model(CNN)
    trace = traced_model(subject)
    same = cut(subject, trace, make_plan(nothing(trace)))
    assert is_unchanged(same, subject.proto.SerializeToString(), overrides(subject))


@pytest.mark.parametrize("text", [CNN, BRANCHES, SHARED, CONSTANTS], ids=["cnn", "branches", "shared", "constants"])
def test_input_model_is_not_changed(text):
    subject = model(text)
    proto, before = subject.proto.SerializeToString(), overrides(subject)
    trace = traced_model(subject)
    cut(subject, trace, random_plan(trace))
    assert is_unchanged(subject, proto, before)


def test_untouched_initializers_stay_byte_for_byte():
    subject = lift(described(parse(MLP)))
    pruned = without(subject, a=[3])
    before, after = initializers(subject), initializers(pruned)
    untouched = [name for name in before if before[name].SerializeToString() == after[name].SerializeToString()]
    assert untouched == ["bb", "c", "cb"]


def test_values_that_are_stored_as_numbers_stay_so():
    proto = parse(MLP)
    proto.graph.initializer.remove(next(t for t in proto.graph.initializer if t.name == "cb"))
    proto.graph.initializer.append(onnx.helper.make_tensor("cb", onnx.TensorProto.FLOAT, [4], [1, 2, 3, 4]))
    assert list(initializers(without(lift(proto), a=[3]))["cb"].float_data) == [1, 2, 3, 4]


def test_sliced_initializers_keep_their_documentation():
    pruned = without(lift(described(parse(MLP))), a=[3])
    for name in ("a", "ab", "b"):
        tensor = initializers(pruned)[name]
        assert (tensor.doc_string, tensor.metadata_props[0].value) == (f"about {name}", f"about {name}")


def test_model_keeps_its_documentation_and_origin():
    subject = lift(described(parse(CNN)))
    pruned = without(subject, a=[3])
    for part in (subject.proto, pruned.proto):
        part.ClearField("graph")
    assert pruned.proto.SerializeToString() == subject.proto.SerializeToString()


def test_nodes_keep_all_but_the_sizes_among_their_attributes():
    subject = lift(described(parse(CNN)))
    before, after = subject.proto.graph.node, without(subject, a=[3]).proto.graph.node
    changed = [old for old, new in zip(before, after, strict=True) if old != new]
    assert [node.op_type for node in changed] == ["Conv"]
    (group,) = (attribute for attribute in changed[0].attribute if attribute.name == "group")
    group.i = 7
    assert changed[0] in after


def test_graph_keeps_its_name_documentation_inputs_and_outputs():
    subject = lift(described(parse(CNN)))
    pruned = without(subject, a=[3])
    for part in (subject.proto.graph, pruned.proto.graph):
        del part.node[:]
        del part.initializer[:]
    assert pruned.proto.graph == subject.proto.graph


@pytest.mark.parametrize(("opset", "ir"), [(9, 4), (13, 7), (17, 8)])
def test_opset_and_ir_version_stay(opset, ir):
    pruned = prune_randomly(model(SHARED, opset=opset, ir=ir)).pruned.proto
    assert (pruned.ir_version, pruned.opset_import[0].version) == (ir, opset)


def test_recorded_shapes_follow():
    proto = onnx.shape_inference.infer_shapes(parse(CNN))
    pruned = without(lift(proto), a=[1], e=[0, 2], f=[0, 1, 2])
    recorded = {
        i.name: [d.dim_value or d.dim_param for d in i.type.tensor_type.shape.dim]
        for i in pruned.proto.graph.value_info
    }
    assert (recorded["q"], recorded["t"], recorded["z"]) == (["N", 7, 8, 8], ["N", 14, 8, 8], ["N", 7])


def test_recorded_shape_of_a_constant_that_another_layer_still_reads_whole_stays():
    text = """g (float[N,4] x) => (float[N,3] y) <float[3,4] a, float[3,3] b> {
      c = Constant <value = float[3] {1.0, 2.0, 3.0}> ()
      h = Gemm <transB = 1> (x, a, c) y = Gemm <transB = 1> (h, b, c)
    }"""
    proto = onnx.shape_inference.infer_shapes(parse(text))
    assert "c" in {info.name for info in proto.graph.value_info}
    onnx.checker.check_model(without(lift(proto), a=[1]).proto, full_check=True)


def test_inputs_that_repeat_initializers_follow():
    proto = parse(MLP, ir=3, opset=8)
    for tensor in proto.graph.initializer:
        proto.graph.input.append(onnx.helper.make_tensor_value_info(tensor.name, tensor.data_type, tensor.dims))
    pruned = without(lift(proto), a=[0, 9], b=[1])
    recorded = {i.name: [d.dim_value for d in i.type.tensor_type.shape.dim] for i in pruned.proto.graph.input}
    assert (recorded["a"], recorded["b"], recorded["c"], recorded["cb"]) == ([8, 14], [14, 11], [11, 4], [4])


def test_copy_takes_no_name_that_is_taken():
    text = SHARED.replace("float[6] k,", "float[6] k, float[5] k_2_2,").replace(
        "y = Conv (r, c)", "y = Conv (r, c, k_2_2)"
    )
    subject = model(text)
    pruned = without(subject, a=[0], b=[1])
    assert np.array_equal(constants(pruned)["k_2_2"], constants(subject)["k_2_2"])
    assert pruned.proto.graph.node[2].input[2] == "k_2_2_"


def test_weights_in_constant_nodes_are_sliced_in_place():
    pruned = without(model(CONSTANTS), a=[1])
    found = {name: value.tolist() for name, value in constants(pruned).items()}
    assert found == {"a": [[1, 3], [4, 6]], "b": [0.5, 0.125], "c": [[6, 5], [2, 1]]}
    assert [node.op_type for node in pruned.proto.graph.node][:3] == ["Constant"] * 3
    assert pruned.proto.graph.node[0].name == "made"
    assert not pruned.proto.graph.initializer


def test_weights_that_turn_small_return_to_the_protobuf():
    text = MLP.replace("16", "64")
    subject = model(text)
    pruned = without(subject, a=list(range(60)))
    assert "a" in subject.weights
    assert "a" not in pruned.weights
    assert numpy_helper.to_array(initializers(pruned)["a"]).shape == (8, 4)


def test_contents_that_the_caller_gives_are_sliced():
    subject = model(MLP)
    trace = traced_model(subject)
    ones = np.arange(16, dtype=np.float32)
    pruned = cut(subject, trace, plan_of(trace, a=[3]), {"ab": ones})
    assert constants(pruned)["ab"].tolist() == np.delete(ones, 3).tolist()
    assert ones.size == 16


EXPANDED = """g (float[N,3,H,2] x) => (float[N,5,H,2] y)
    <float[8,3,1,1] a, float[1,8,1,1] k, float[5,8,1,1] b, int64[1] zero={0}, int64[1] one={1}, int64[1] two={2},
     int64[1] four={4}, int64[1] width={8}> {
  p = Conv (x, a) s = Shape (x) n = Slice (s, zero, one) h = Slice (s, two, four)
  t = Concat <axis=0> (n, width, h) r = Expand (k, t) z = Add (p, r) y = Conv (z, b)
}"""
"""A shape that is computed from that of the input, with the number of channels in between."""


@pytest.mark.parametrize(("opset", "ir"), [(10, 3), (17, 8)])
def test_computed_shape_is_put_right_while_the_model_runs(opset, ir):
    subject = model(EXPANDED, opset=opset, ir=ir)
    trace = traced_model(subject)
    plan = plan_of(trace, a=[0, 1])
    pruned = cut(subject, trace, plan)
    assert [node.op_type for node in pruned.proto.graph.node].count("Mul") == 1
    for size in (3, 6):
        feed = {"x": np.random.default_rng(0).standard_normal((size, 3, size, 2)).astype(np.float32)}
        wanted, got = (Session(part).run(feed)["y"] for part in (mask(subject, trace, plan), pruned))
        np.testing.assert_allclose(got, wanted, rtol=1e-4, atol=1e-5)


def test_copies_are_inputs_where_every_initializer_is_one():
    proto = parse(SHARED, opset=8, ir=3)
    for tensor in proto.graph.initializer:
        proto.graph.input.append(onnx.helper.make_tensor_value_info(tensor.name, tensor.data_type, tensor.dims))
    pruned = without(lift(proto), a=[0], b=[1, 2])
    inputs = {info.name for info in pruned.proto.graph.input}
    assert set(initializers(pruned)) <= inputs
    assert inputs - set(initializers(pruned)) == {"x"}


def test_type_that_is_none_in_a_note_about_a_tensor_is_a_model_error():
    subject, trace = model(CNN), traced(CNN)
    subject.proto.graph.value_info.append(onnx.ValueInfoProto(name="h"))
    subject.proto.graph.value_info[-1].type.tensor_type.elem_type = (1 << 31) - 1
    with pytest.raises(ModelError, match="graphsurgeon does not read the model: KeyError 2147483647"):
        cut(subject, trace, make_plan(nothing(trace)))


def test_notes_about_quantization_stay_and_name_what_is_there():
    subject, trace = model(CNN), traced(CNN)
    note = subject.proto.graph.quantization_annotation.add(tensor_name="a")
    note.quant_parameter_tensor_names.add(key="SCALE_TENSOR", value="ab")
    smaller = cut(subject, trace, random_plan(trace, 0, 0.5)).proto.graph
    known = {tensor.name for tensor in smaller.initializer}
    assert [(n.tensor_name, n.quant_parameter_tensor_names[0].value) for n in smaller.quantization_annotation] == [
        ("a", "ab")
    ]
    assert {"a", "ab"} <= known


def test_other_content_of_a_single_number_leaves_it_without_an_axis():
    subject = model("g (float[1,2] x) => (float[1,2] y) <float s = {2.0}> { y = Mul (x, s) }")
    other = constants(reweigh(subject, {"s": np.array(3.0, np.float32)}))["s"]
    assert other == 3
    assert other.shape == ()
