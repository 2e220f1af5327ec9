"""A model at one shape of its inputs: constants, shapes, opsets and types as a reverse pass needs them."""

from __future__ import annotations

import numpy as np
import onnx
import pytest

from paoding_onnx.errors import ModelError
from paoding_onnx.gradients import freeze as module
from paoding_onnx.gradients.freeze import LEAST_OPSET, freeze
from paoding_onnx.model.load import lift
from paoding_onnx.model.session import Session
from tests.slopes import studied

ROWS = np.random.default_rng(0).standard_normal((4, 3)).astype(np.float32)
MLP = """g (float[N,3] x) => (float[N,2] y) <float[3,8] a, float[8,2] b> {
  h = MatMul (x, a) r = Relu (h) y = MatMul (r, b) }"""
CONV = "g (float[1,2,5,5] x) => (float[b,c,h,w] y) <float[3,2,3,3] k> { y = Conv BODY (x, k) }"


def shapes_of(infos):
    """Names and shapes as a protobuf states them."""
    return {info.name: tuple(dim.dim_value for dim in info.type.tensor_type.shape.dim) for info in infos}


def types_of(proto):
    """All types of real numbers that a model names anywhere."""
    infos = (*proto.graph.input, *proto.graph.output, *proto.graph.value_info)
    stored = (*proto.graph.initializer, *(a.t for node in proto.graph.node for a in node.attribute if a.HasField("t")))
    return {info.type.tensor_type.elem_type for info in infos} | {tensor.data_type for tensor in stored}


def assert_computes_the_same(subject, target):
    """The frozen model says on the recorded inputs what was recorded."""
    feeds = {name: array.astype(np.float32) for name, array in subject.feeds.items()}
    found = Session(lift(freeze(subject, target))).run(feeds)[target]
    np.testing.assert_allclose(found, subject.values[target], rtol=1e-5, atol=1e-6)


def test_recording_holds_every_tensor_as_it_was_computed():
    subject = studied(MLP, ROWS)
    hidden = ROWS @ subject.values["a"]
    np.testing.assert_allclose(subject.values["h"], hidden, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(subject.values["y"], np.maximum(hidden, 0) @ subject.values["b"], rtol=1e-5, atol=1e-6)


def test_ancestors_are_what_a_tensor_depends_on_nearest_first():
    text = """g (float[N,3] x) => (float[N,3] y, float[N,3] other) <float[3] c> {
      a = Neg (x) d = Neg (c) other = Exp (a) b = Abs (a) y = Add (b, d) }"""
    assert list(studied(text, ROWS).ancestors("y")) == ["y", "b", "a"]


def test_model_that_does_not_run_on_the_inputs_is_not_recorded():
    with pytest.raises(ModelError, match="run"):
        studied(MLP.replace("[N,3]", "[N,M]"), np.zeros((4, 5), np.float32))


@pytest.mark.parametrize("target", ["h", "r", "y"])
def test_frozen_model_computes_what_was_recorded(target):
    assert_computes_the_same(studied(MLP, ROWS), target)


def test_frozen_model_has_every_shape_written():
    frozen = freeze(studied(MLP, ROWS), "y")
    infos = (*frozen.graph.input, *frozen.graph.value_info, *frozen.graph.output)
    assert shapes_of(infos) == {"x": (4, 3), "h": (4, 8), "r": (4, 8), "y": (4, 2)}


def test_nodes_that_the_target_does_not_need_are_left_out():
    frozen = freeze(studied(MLP, ROWS), "h")
    assert [node.op_type for node in frozen.graph.node] == ["MatMul"]
    assert [tensor.name for tensor in frozen.graph.initializer] == ["a"]


def test_window_of_a_frozen_convolution_is_spelled_out():
    subject = studied(CONV.replace("BODY", '<auto_pad="SAME_UPPER", strides=[2,2]>'), np.ones((1, 2, 5, 5), np.float32))
    (node,) = freeze(subject, "y").graph.node
    found = {attribute.name: onnx.helper.get_attribute_value(attribute) for attribute in node.attribute}
    assert found["pads"] == [1, 1, 1, 1]
    assert found.get("auto_pad", b"NOTSET") == b"NOTSET"
    assert_computes_the_same(subject, "y")


def test_old_opsets_are_raised():
    subject = studied("g (float[N,3] x) => (float[N,3] y) { y = Softmax <axis=1> (x) }", ROWS, opset=9, ir=4)
    assert freeze(subject, "y").opset_import[0].version == LEAST_OPSET
    assert_computes_the_same(subject, "y")


def test_newer_opsets_are_kept():
    subject = studied("g (float[N,3] x) => (float[N,3] y) { y = Softmax <axis=1> (x) }", ROWS, opset=21, ir=10)
    assert freeze(subject, "y").opset_import[0].version == 21


def test_model_that_cannot_be_converted_is_refused(monkeypatch):
    subject = studied("g (float[N,3] x) => (float[N,3] y) { y = Softmax <axis=1> (x) }", ROWS, opset=9, ir=4)

    def refuse(*_):
        raise RuntimeError("no adapter\nfor this one")

    monkeypatch.setattr(module.version_converter, "convert_version", refuse)
    with pytest.raises(ModelError, match="opset 9 is too old for gradients: no adapter for this one"):
        freeze(subject, "y")


@pytest.mark.parametrize(("name", "number"), [("float16", 10), ("double", 11)])
def test_real_numbers_of_every_width_become_float32(name, number):
    text = f"""g ({name}[N,3] x) => ({name}[N,2] y) <float[3,2] w> {{
      v = Cast <to={number}> (w) h = MatMul (x, v) f = Cast <to=1> (h) y = Cast <to={number}> (f) }}"""
    frozen = freeze(studied(text, ROWS.astype({"float16": np.float16, "double": np.float64}[name])), "y")
    assert types_of(frozen) == {onnx.TensorProto.FLOAT}
    assert {a.i for node in frozen.graph.node for a in node.attribute if a.name == "to"} == {onnx.TensorProto.FLOAT}


def test_constants_inside_nodes_become_float32_too():
    text = """g (float16[1] x) => (float16[N] y) {
      i = Cast <to=7> (x) z = ConstantOfShape <value = float16[1] {16384}> (i) y = Add (z, z) }"""  # bits of 2.0
    frozen = freeze(studied(text, np.ones(1, np.float16)), "y")
    (tensor,) = (a.t for node in frozen.graph.node for a in node.attribute if a.HasField("t"))
    assert tensor.data_type == onnx.TensorProto.FLOAT
    assert onnx.numpy_helper.to_array(tensor).tolist() == [2]


def test_shape_arithmetic_and_weights_behind_nodes_become_constants():
    text = """g (float[N,3] x) => (float[a,b] y) <float[3,4] w> {
      s = Shape (x) t = Transpose <perm=[1,0]> (w) u = Transpose <perm=[1,0]> (t) h = MatMul (x, u)
      z = Constant <value_ints=[-1]> () v = Concat <axis=0> (s, z) i = Constant <value_ints=[0,2]> ()
      n = Gather (v, i) y = Reshape (h, n) }"""
    frozen = freeze(studied(text, ROWS), "y")
    assert [node.op_type for node in frozen.graph.node] == ["MatMul", "Reshape"]
    assert [tuple(tensor.dims) for tensor in frozen.graph.initializer] == [(2,), (3, 4)]
