"""Local functions are inlined; those that have no end, or are there twice, are refused."""

from __future__ import annotations

import numpy as np
import onnxruntime as ort
import pytest

from paoding_onnx.errors import ModelError
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
