"""Local functions are inlined; those that have no end, or are there twice, are refused."""

from __future__ import annotations

import numpy as np
import onnxruntime as ort
import pytest
from onnx import helper

from paoding_onnx.errors import ModelError
from paoding_onnx.model.functions import inlined
from paoding_onnx.model.load import lift
from paoding_onnx.model.session import Session
from tests.models import model, parse, prune_randomly

FUNCTIONS = """<ir_version: 9, opset_import: ["" : 17, "own" : 1]>
g (float[1,4] x) => (float[1,5] y) <float[4,8] a, float[8] ab, float[8,8] b, float[8] bb, float[8,5] c> {
  p = own.layer (x, a, ab) q = own.layer (p, b, bb) y = MatMul (q, c)
}
<domain: "own", opset_import: ["" : 17]>
layer (u, w, k) => (v) { m = MatMul (u, w) s = Add (m, k) v = Relu (s) }"""
"""Two calls of one local function."""


def test_local_functions_are_inlined():
    inlined = model(FUNCTIONS)
    assert not inlined.proto.functions
    assert [n.op_type for n in inlined.proto.graph.node] == ["MatMul", "Add", "Relu"] * 2 + ["MatMul"]


def test_units_inside_local_functions_go():
    trial = prune_randomly(model(FUNCTIONS))
    assert trial.trace.n_units == 16
    assert trial.verdict.passed


def test_inlined_model_computes_the_same():
    proto = parse(FUNCTIONS)
    feeds = {"x": np.ones((1, 4), np.float32)}
    before = ort.InferenceSession(proto.SerializeToString()).run(None, feeds)
    np.testing.assert_allclose(Session(model(FUNCTIONS)).run(feeds)["y"], before[0], rtol=1e-6)


def test_function_that_calls_itself_is_refused():
    proto = parse(FUNCTIONS)
    proto.functions[0].node[2].op_type, proto.functions[0].node[2].domain = "layer", "own"
    with pytest.raises(ModelError, match="local function 'layer' of 'own' calls itself, which has no end"):
        lift(proto)


def test_two_functions_of_one_name_are_refused():
    proto = parse(FUNCTIONS)
    proto.functions.append(proto.functions[0])
    with pytest.raises(ModelError, match="two local functions 'layer' of 'own'"):
        lift(proto)


def test_functions_that_call_each_other_twice_are_refused_at_once():
    own, onnx_set = helper.make_opsetid("own", 1), helper.make_opsetid("", 17)
    functions = [helper.make_function("own", "f0", ["u"], ["v"], [helper.make_node("Relu", ["u"], ["v"])], [onnx_set])]
    for k in range(1, 41):
        calls = [helper.make_node(f"f{k - 1}", [a], [b], domain="own") for a, b in (("u", "w"), ("w", "v"))]
        functions.append(helper.make_function("own", f"f{k}", ["u"], ["v"], calls, [own, onnx_set]))
    proto = parse("g (float[2] x) => (float[2] y) { y = Relu (x) }")
    proto.graph.node[0].op_type, proto.graph.node[0].domain = "f40", "own"
    proto.functions.extend(functions)
    proto.opset_import.append(own)
    with pytest.raises(ModelError, match="local functions stand for 1,099,511,627,776 nodes, more than 1,000,000"):
        inlined(proto)
