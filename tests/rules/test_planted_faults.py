"""The equivalence oracle notices a rule that is wrong: each test plants one fault, which must not pass."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from onnx import numpy_helper

from paoding_onnx.dependency.groups import trace
from paoding_onnx.model.nodes import Node
from paoding_onnx.model.read import constants
from paoding_onnx.rules import binding
from paoding_onnx.rules.equation import axis
from paoding_onnx.rules.notation import parse
from paoding_onnx.rules.rule import Fit, Rule, rule_for
from paoding_onnx.shapes.observe import observe
from paoding_onnx.surgery.cut import cut
from paoding_onnx.verification.equivalence import check_surgery
from paoding_onnx.verification.verdict import Verdict
from tests.models import model, random_plan
from tests.rules.contract import Case

Wrong = Callable[[Node, Rule], Rule]


def _says(equation: str, **sizes: int) -> Wrong:
    """A rule of which only the equation (and some sizes) is wrong."""
    return lambda node, rule: replace(rule, equation=parse(equation), sizes=sizes or rule.sizes)


def _off_by_one(node: Node, rule: Rule) -> Rule:
    return replace(rule, sizes=rule.sizes | {"X1": rule.sizes["X1"] + 1, "Z1": rule.sizes["Z1"] - 1})


def _unfitted(node: Node, rule: Rule) -> Rule:
    return replace(rule, fits=())


FAULTS = {
    "concat reversed": (
        Case("Concat", "c = Concat <axis=1> (r, a)", channels=16),
        _says("A0 S0 A2 A3, A0 S1 A2 A3 -> A0 S1+S0 A2 A3"),
    ),
    "slice off by one": (
        Case("Slice", "c = Slice (a, one_, six, one_)", "int64[1] one_={1}, int64[1] six={6}", channels=5),
        _off_by_one,
    ),
    "slice not refitted": (
        Case("Slice", "c = Slice (a, four, eight, one_)", "int64[1] four={4}, int64[1] eight={8}, int64[1] one_={1}",
             channels=4),
        _unfitted,
    ),
    "conv factors swapped": (
        Case("Conv", "d = Conv <group=2> (a, k) c = Concat <axis=1> (d, a)", "float[8,4,1,1] k", channels=16),
        _says("n (I G) *s, (O G) I *k, (G O) -> n (O G) *t"),
    ),
    "conv group not refitted": (Case("Conv", "c = Conv <group=8> (a, k)", "float[8,1,1,1] k"), _unfitted),
    "conv transpose read as conv": (
        Case("ConvTranspose", "c = ConvTranspose (a, k)", "float[8,8,1,1] k"),
        _says("n I *s, O I *k -> n O *t"),
    ),
    "gemm not transposed": (
        Case("Gemm", "p = GlobalAveragePool (a) f = Flatten (p) e = Gemm <transB=1> (f, k) c = Unsqueeze (e, last)",
             "float[8,8] k, int64[2] last={2,3}"),
        _says("M K, K N -> M N"),
    ),
    "add without coupling": (Case("Add", "c = Add (a, r)"), _says("n C *s, n D *s -> n C *s")),
    "split segments swapped": (
        Case("Split", "p, q = Split <axis=1> (a, sizes) c = Concat <axis=1> (p, q, p)", "int64[2] sizes={3,5}",
             channels=11),
        _says("n S0+S1 *s, _ -> n S1 *s, n S0 *s"),
    ),
    "equal split read minor to major": (
        Case("Split", "p, q = Split <axis=1> (a) s = Sigmoid (q) c = Mul (p, s)", channels=4),
        _says("n (S p) *s -> n S *s, n S *s", p=2),
    ),
    "softmax over free units": (Case("Softmax", "c = Softmax <axis=1> (a)"), _says("*A -> *A")),
    "mean over units taken for exact": (
        Case("ReduceMean", "c = ReduceMean <axes=[1]> (a)", channels=1),
        _says("n C *s -> n 1 *s"),
    ),
    "minimum over free units": (
        Case("ReduceMin", "c = ReduceMin <axes=[1]> (a)", channels=1),
        _says("n C *s -> n 1 *s"),
    ),
    "reshape not refitted": (
        Case("Reshape", "f = Reshape (a, flat) c = Reshape (f, full)", "int64[3] flat={2,8,64}, "
             "int64[4] full={2,8,8,8}"),
        _unfitted,
    ),
    "reshape minor to major": (
        Case("Reshape", "f = Reshape (a, five) m = ReduceSum (f, axes) c = Squeeze (m, axes)", "int64[5] "
             "five={2,2,4,8,8}, int64[1] axes={1}", channels=4),
        lambda node, rule: Rule(
            parse("n (C p) *s, _ -> n p C *s"), sizes={"p": 2}, fits=(Fit(1, {2: axis("C")}),)
        ),
    ),
    "padding on the wrong side": (
        Case("Pad", "d = Pad (a, pads) c = Concat <axis=1> (d, a)", "int64[8] pads={0,3,0,0,0,0,0,0}", channels=19),
        _says("n C *s, _ -> n C+B1 *s", B1=3),
    ),
    "norm without its scale": (
        Case("BatchNormalization", "c = BatchNormalization (a, k, k, k, k)", "float[8] k"),
        _says("n C *s, D, C, C, C -> n C *s"),
    ),
    "gather of other channels": (
        Case("Gather", "g = Gather <axis=1> (a, picks) c = Concat <axis=1> (g, a)", "int64[4] picks={7,0,2,5}",
             channels=12),
        lambda node, rule: replace(rule, shape=replace(rule.shape, positions=(0, 1, 2, 3))),
    ),
}  # fmt: skip


def _verdict(case: Case, seed: int = 0) -> Verdict:
    subject = model(case.text)
    traced = trace(observe(subject))
    plan = random_plan(traced, seed)
    assert plan.removed.sum() > 4  # more than half the channels of w0: units that meet the operator go too
    return check_surgery(subject, traced, plan)


@pytest.mark.parametrize("name", FAULTS)
def test_oracle_notices(name, monkeypatch):
    case, wrong = FAULTS[name]
    right = rule_for

    def planted(node: Node) -> Rule | str:
        rule = right(node)
        return wrong(node, rule) if node.operator == case.operator and isinstance(rule, Rule) else rule

    monkeypatch.setattr(binding, "rule_for", planted)
    assert not _verdict(case).passed


@pytest.mark.parametrize("name", FAULTS)
def test_oracle_is_content_without_the_fault(name):
    case, _ = FAULTS[name]
    subject = model(case.text)
    traced = trace(observe(subject))
    assert check_surgery(subject, traced, random_plan(traced)).passed


@pytest.mark.parametrize("share", [1e-4, 1e-3, 1.0])
def test_oracle_notices_one_changed_weight(share, monkeypatch):
    def careless(subject, traced, plan):
        pruned = cut(subject, traced, plan)
        for tensor in pruned.proto.graph.initializer:
            if tensor.name == "w1":
                values = constants(pruned)["w1"].copy()
                values.flat[0] += share * np.abs(values).max()
                tensor.CopyFrom(numpy_helper.from_array(values, "w1"))
        return pruned

    monkeypatch.setattr(sys.modules[check_surgery.__module__], "cut", careless)
    assert not _verdict(Case("Identity", "c = Identity (a)")).passed
