"""A simplified model must compute what the original does."""

from __future__ import annotations

from dataclasses import replace

import onnx

from paoding_onnx.dependency.groups import trace
from paoding_onnx.shapes.study import study
from paoding_onnx.verification.simplified import check_simplified
from tests.models import model

CHOICE = """g (float[1,4] x) => (float[1,2] y) <float[4,6] a, float[6,2] b, bool c = {1}> { h = MatMul (x, a)
    p = If (c) <then_branch = one () => (float[1,6] u) { u = Relu (h) },
                else_branch = two () => (float[1,6] t) { t = Neg (h) }> y = MatMul (p, b) }"""


def test_opened_branch_computes_the_same():
    before = model(CHOICE)
    found = study(before)
    (verdict,) = check_simplified(before, found.simplified, trace(found.graph))
    assert verdict.passed, verdict.detail


def test_branch_that_is_not_taken_is_noticed():
    before = model(CHOICE)
    found = study(before)
    wrong = onnx.ModelProto()
    wrong.CopyFrom(found.simplified.proto)
    next(node for node in wrong.graph.node if node.op_type == "Relu").op_type = "Neg"
    (verdict,) = check_simplified(before, replace(found.simplified, proto=wrong), trace(found.graph))
    assert not verdict.passed


def test_model_without_choices_needs_no_such_proof():
    plain = model("g (float[1,4] x) => (float[1,2] y) <float[4,2] a> { y = MatMul (x, a) }")
    found = study(plain)
    assert list(check_simplified(plain, found.simplified, trace(found.graph))) == []
