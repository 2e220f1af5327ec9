"""What holds most of a model, in words: only where much stays, and with something to do about it."""

from __future__ import annotations

from pathlib import Path

import paoding_onnx
from paoding_onnx.dependency.held import Reason
from paoding_onnx.report.advice import ADVICE, LEAST, MUCH, advice, holding, holding_lines
from paoding_onnx.report.inspection import inspect_lines
from paoding_onnx.rules.why import Hold
from tests.models import traced
from tests.report.printed import text

HELD = """g (float[N,8] x) => (float[N,6] y) <float[8,64] a, float[64,64] b, float[64,6] c> {
  p = MatMul (x, a) [sums] q = Softmax (p) r = MatMul (q, b) [shares] s = Softmax (r) y = MatMul (s, c) }"""
SOURCES = "".join(path.read_text("utf-8") for path in Path(paoding_onnx.__file__).parent.rglob("*.py")
                  if path.parent.name in ("rules", "dependency") and path.stem != "why")  # fmt: skip
NAMED = {"NORMALISES": Hold.SHARES, "ONE_SCALE": Hold.BLOCKS, "PICKS": Hold.TABLE, "UNKNOWN": Hold.NO_RULE}
"""Reasons that several rules give, under their names."""


PLAIN = """g (float[N,2] x) => (float[N,2] y) <float[2,64] a, float[64,64] b, float[64,2] c> {
  p = MatMul (x, a) q = Relu (p) r = MatMul (q, b) s = Relu (r) y = MatMul (s, c) }"""
OWN = """g (float[N,1,9] x) => (float[N,1,9] y) <float[64,1,1] a, float[64,1,9] b, float[64,1,9] c, float[1,64,1] d> {
  p = Conv (x, a) q = Conv <group=64, pads=[4,4]> (p, b) r = Conv <group=64, pads=[4,4]> (q, c) y = Conv (r, d) }"""


def test_model_that_keeps_little_ends_as_before():
    plain = traced(PLAIN)
    assert holding(plain).left <= MUCH
    assert list(holding_lines(plain)) == []


def test_reasons_that_hold_most_are_told_last_with_what_helps():
    lines = list(holding_lines(traced(HELD)))
    start = "at half of the units 1.00 of the parameters stay"
    assert lines[0] == f"{start} (0.29 by inputs, outputs, ids and positions alone); what holds most of them:"
    assert "Softmax: normalises along this axis (sums, shares), which holds 71% of all parameters: " in lines[1]
    assert len(lines) == 3
    printed = text(inspect_lines("m.onnx", traced(HELD)))
    assert "".join(printed.split()).endswith("".join("".join(lines).split()))


def test_reasons_that_hold_little_are_not_told():
    assert all(one.share >= LEAST for one in holding(traced(HELD)).holdings)


def test_weights_of_a_unit_alone_are_told_where_nothing_holds_many():
    assert holding(traced(OWN)).left > MUCH
    (line,) = holding_lines(traced(OWN))
    assert "units have weights of their own" in line


def test_every_piece_of_advice_is_for_a_kind_of_reason_that_is_given():
    given = {hold for hold in Hold if f"Hold.{hold.name}" in SOURCES}
    given |= {hold for name, hold in NAMED.items() if f"={name}" in SOURCES or f"return {name}" in SOURCES}
    assert [hold for hold in ADVICE if hold not in given] == []


def test_kinds_without_advice_are_those_that_nobody_can_do_anything_about():
    assert set(Hold) - set(ADVICE) == {Hold.POSITIONS, Hold.ELSEWHERE, Hold.OPERATOR}


def test_unknown_reason_leads_to_explain():
    assert "`explain`" in advice(Reason("Foo", "does something odd", Hold.OPERATOR, 1, ()))
