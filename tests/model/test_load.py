"""LOAD: files become models and values; files that are no models are refused in words."""

from __future__ import annotations

import numpy as np
import onnx
import pytest
from onnx import numpy_helper

from paoding_onnx.errors import ModelError
from paoding_onnx.model import load as load_module
from paoding_onnx.model.load import lift, load
from paoding_onnx.model.read import constants
from paoding_onnx.model.session import Session
from tests.models import model, parse, save

TEXT = """g (float[N,16] x) => (float[N,4] y) <float[16,32] w, float[32] b, float[32,4] v> {
  h = MatMul (x, w)
  a = Add (h, b)
  y = MatMul (a, v)
}"""


def test_large_weights_leave_the_protobuf(tmp_path):
    loaded = load(save(parse(TEXT), tmp_path / "m.onnx"))
    assert set(loaded.weights) == {"w"}  # 2048 bytes; b has 128, v 512
    assert len(loaded.proto.SerializeToString()) < 2048


def test_every_constant_keeps_its_content(tmp_path):
    wanted = {t.name: numpy_helper.to_array(t) for t in parse(TEXT).graph.initializer}
    found = constants(load(save(parse(TEXT), tmp_path / "m.onnx")))
    assert found.keys() == wanted.keys()
    assert all(np.array_equal(found[name], value) for name, value in wanted.items())


def test_weights_are_read_only():
    with pytest.raises(ValueError, match="read-only"):
        model(TEXT).weights["w"][0, 0] = 1
    with pytest.raises(ValueError, match="read-only"):
        constants(model(TEXT))["b"][0] = 1


def test_size_of_the_file_is_known(tmp_path):
    path = save(parse(TEXT), tmp_path / "m.onnx")
    assert load(path).n_bytes == path.stat().st_size


@pytest.mark.parametrize("content", [b"", b"just some text", b"<html></html>", b'{"a": 1}', bytes(64), b"PK\x03\x04"])
def test_file_that_is_no_model_is_a_model_error(content, tmp_path):
    path = tmp_path / "m.onnx"
    path.write_bytes(content)
    with pytest.raises(ModelError, match="is not an ONNX model"):
        load(path)


def test_model_of_before_there_were_opsets_is_said_to_name_none(tmp_path):
    proto = parse("g (float[1,4] x) => (float[1,4] y) { y = Identity (x) }")
    proto.ClearField("opset_import")
    (tmp_path / "old.onnx").write_bytes(proto.SerializeToString())
    with pytest.raises(ModelError, match="it says of no opset which operators it means"):
        load(tmp_path / "old.onnx")


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9, 0.999])
def test_file_that_is_cut_off_is_a_model_error(share, tmp_path):
    content = parse(TEXT).SerializeToString()
    path = tmp_path / "m.onnx"
    path.write_bytes(content[: int(share * len(content))])
    with pytest.raises(ModelError, match="cut off"):
        load(path)


def test_missing_file_is_a_model_error(tmp_path):
    with pytest.raises(ModelError, match="No such file"):
        load(tmp_path / "none.onnx")


def test_folder_is_a_model_error(tmp_path):
    with pytest.raises(ModelError, match="cannot read"):
        load(tmp_path)


def test_graph_without_nodes_is_a_model_error(tmp_path):
    proto = parse(TEXT)
    del proto.graph.node[:]
    with pytest.raises(ModelError, match="nothing to prune"):
        load(save(proto, tmp_path / "m.onnx"))


def test_weights_that_do_not_fit_their_shape_are_a_model_error():
    proto = parse(TEXT)
    proto.graph.initializer[0].dims[0] = 17
    with pytest.raises(ModelError, match=r"'w' has 512 elements, which do not fit its shape \(17, 32\)"):
        lift(proto)


def test_weights_that_only_a_subgraph_reads_stay_in_the_protobuf():
    text = """g (bool c, float[16] x) => (float[16] y) <float[16,32] w> {
      y = If (c) <then_branch = t () => (float[16] p) { p = Identity (x) },
                  else_branch = e () => (float[16] q) { q = ReduceSum <keepdims=0> (w) }>
    }"""
    assert not model(text).weights


def test_inputs_are_described_with_open_axes():
    (spec,) = model("g (float16[N,3,?] x) => (float16[N,3,?] y) { y = Relu (x) }").inputs
    assert (spec.name, spec.dtype, spec.dims) == ("x", np.float16, ("N", 3, None))


def test_outputs_are_described_like_inputs():
    assert [(spec.name, spec.dims) for spec in model(TEXT).outputs] == [("y", ("N", 4))]


def test_inputs_that_repeat_an_initializer_are_none():
    proto = parse("g (float[1,4] x, float[4,2] w) => (float[1,2] y) <float[4,2] v> { y = MatMul (x, w) }", ir=3)
    proto.graph.initializer[0].name = "w"
    assert [spec.name for spec in lift(proto).inputs] == ["x"]


@pytest.mark.parametrize("name", ["BFLOAT16", "FLOAT8E4M3FN", "FLOAT8E5M2"])
def test_weights_of_types_that_numpy_has_not_leave_the_protobuf_too(name, monkeypatch):
    monkeypatch.setattr(load_module, "OTHERS_LIFT_BYTES", 64)
    dtype = onnx.helper.tensor_dtype_to_np_dtype(getattr(onnx.TensorProto, name))
    proto = parse("g (float[2,64] x) => (float[2,8] y) { w = Cast <to = 1> (s) y = MatMul (x, w) }")
    proto.opset_import[0].version, proto.ir_version = 23, 10
    stored = np.random.default_rng(0).standard_normal((64, 8)).astype(dtype)
    proto.graph.initializer.append(numpy_helper.from_array(stored, "s"))
    subject = lift(proto)
    x = np.ones((2, 64), np.float32)
    assert set(subject.weights) == {"s"}
    wanted = stored.astype(np.float32).sum(0)
    np.testing.assert_allclose(Session(subject).run({"x": x})["y"][0], wanted, rtol=1e-5, atol=1e-5)
