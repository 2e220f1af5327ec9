"""A simplified model must compute what the original does."""

from __future__ import annotations

from dataclasses import replace

import onnx

from paoding_onnx.dependency.groups import trace
from paoding_onnx.shapes.choices import closed
from paoding_onnx.shapes.study import study
from paoding_onnx.verification.simplified import check_closed, check_simplified, compared_values
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


RATES = """g (float[N,4] x, int64 rate) => (float[N,2] y) <float[4,6] a, float[6,2] b, float[6,2] d,
  int64 high = {16000}> {
  h = MatMul (x, a) c = Equal (rate, high)
  y = If (c) <then_branch = one () => (float[n,2] u) { r = Relu (h) u = MatMul (r, b) },
              else_branch = two () => (float[n,2] t) { s = Neg (h) t = MatMul (s, d) }> }"""


def test_values_that_a_choice_is_made_by_are_tried():
    before = model(RATES)
    assert compared_values(before) == (16000,)
    found = study(before)
    (verdict,) = check_simplified(before, found.simplified, trace(found.graph), found.choices)
    assert verdict.passed, verdict.detail


def test_swapped_branches_are_noticed():
    found = study(model(RATES))
    shut = closed(found.simplified, found.choices)
    (verdict,) = check_closed(shut, found.simplified, trace(found.graph))
    assert verdict.passed, verdict.detail
    wrong = onnx.ModelProto()
    wrong.CopyFrom(shut.proto)
    choice = next(node for node in wrong.graph.node if node.op_type == "If")
    first, second = choice.attribute
    first.name, second.name = second.name, first.name
    (verdict,) = check_closed(replace(shut, proto=wrong), found.simplified, trace(found.graph))
    assert not verdict.passed


def test_fault_in_a_branch_that_random_numbers_do_not_take_is_noticed():
    found = study(model(RATES))
    wrong = onnx.ModelProto()
    wrong.CopyFrom(closed(found.simplified, found.choices).proto)
    choice = next(node for node in wrong.graph.node if node.op_type == "If")
    next(node for attribute in choice.attribute for node in attribute.g.node if node.op_type == "Relu").op_type = "Abs"
    (verdict,) = check_closed(replace(found.simplified, proto=wrong), found.simplified, trace(found.graph))
    assert not verdict.passed
