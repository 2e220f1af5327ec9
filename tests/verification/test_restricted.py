"""RESTRICTED: a node that mixes along an axis sees only what is kept of it, and nothing else of it changes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import onnx

from paoding_onnx.dependency.cost import nothing
from paoding_onnx.model.load import lift
from paoding_onnx.model.session import Session
from paoding_onnx.rules.equation import Equation
from paoding_onnx.rules.notation import parse
from paoding_onnx.rules.rule import rule_for
from paoding_onnx.surgery.cut import insert_nodes
from paoding_onnx.surgery.plan import make_plan
from paoding_onnx.verification.equivalence import check_surgery
from paoding_onnx.verification.restricted import narrowed_inputs, narrowed_outputs, restrict
from tests.models import model, prune_randomly
from tests.pruning import plan_of, traced_model
from tests.verification.faults import plant

NORM = """g (float[2,3] x) => (float[2,5] y) <float[3,6] a, float[6] s, float[6] t, float[6,5] b> {
  p = MatMul (x, a) n = LayerNormalization (p, s, t) y = MatMul (n, b)
}"""
GROUPS = """<ir_version: 10, opset_import: ["" : 21]>
g (float[2,3,2] x) => (float[2,5,2] y) <float[6,3,1] a, float[6] s, float[6] t, float[5,6,1] b> {
  p = Conv (x, a) n = GroupNormalization <num_groups=3> (p, s, t) y = Conv (n, b)
}"""


def narrowed(text, units):
    """What node 1 of a model must see less of, and what comes out narrower."""
    trace = traced_model(model(text))
    plan = plan_of(trace, a=units)
    return narrowed_inputs(trace, 1, plan), narrowed_outputs(trace, 1, plan)


def places(narrowings):
    return [(n.index, n.axis, np.flatnonzero(n.kept).tolist()) for n in narrowings]


def test_every_operand_that_mixes_is_narrowed():
    inputs, outputs = narrowed(NORM, [1, 4])
    kept = [0, 2, 3, 5]
    assert places(inputs) == [(0, 1, kept), (1, 0, kept), (2, 0, kept)]
    assert places(outputs) == [(0, 1, kept)]


def test_node_that_loses_nothing_is_left_alone():
    trace = traced_model(model(NORM))
    plan = make_plan(nothing(trace))
    assert (narrowed_inputs(trace, 1, plan), narrowed_outputs(trace, 1, plan)) == ((), ())


def test_node_that_does_not_mix_is_left_alone():
    trace = traced_model(model(NORM))
    plan = plan_of(trace, a=[0])
    assert [narrowed_inputs(trace, k, plan) for k in (0, 2)] == [(), ()]


def restricted(text, units):
    """The model whose node 1 sees only what is kept, run; and its input of node 1."""
    subject = model(text)
    trace = traced_model(subject)
    plan = plan_of(trace, a=units)
    proto = onnx.ModelProto.FromString(subject.proto.SerializeToString())
    node = proto.graph.node[1]
    both = narrowed_inputs(trace, 1, plan), narrowed_outputs(trace, 1, plan)
    insert_nodes(proto, restrict(proto, node, both, "m"))
    feeds = {"x": np.random.default_rng(0).standard_normal(trace.graph.tensors["x"].shape).astype(np.float32)}
    return proto, Session(lift(proto), watch=["p", "n"]).run(feeds)


def test_restricted_normalization_is_that_of_what_is_kept():
    _, values = restricted(NORM, [1, 4])
    weights = {t.name: onnx.numpy_helper.to_array(t) for t in model(NORM).proto.graph.initializer}
    kept = [0, 2, 3, 5]
    part = values["p"][:, kept]
    plain = (part - part.mean(1, keepdims=True)) / np.sqrt(part.var(1, keepdims=True) + 1e-5)
    assert values["n"].shape == (2, 6)
    assert np.allclose(values["n"][:, kept], plain * weights["s"][kept] + weights["t"][kept], atol=1e-5)


def test_weights_and_other_nodes_stay_the_originals():
    subject, (proto, _) = model(NORM), restricted(NORM, [1, 4])
    before = {tensor.name: tensor for tensor in subject.proto.graph.initializer}
    assert all(before[tensor.name] == tensor for tensor in proto.graph.initializer if tensor.name in before)
    assert [proto.graph.node[0], proto.graph.node[-1]] == [subject.proto.graph.node[0], subject.proto.graph.node[-1]]


def test_whole_groups_that_go_leave_the_node_as_it_was():
    assert narrowed(GROUPS, [0, 2]) == ((), ())


def test_outputs_stand_where_the_inputs_did_whatever_a_rule_says(monkeypatch):
    right = rule_for(traced_model(model(GROUPS)).graph.nodes[1]).equation
    wrong = Equation.of(right.inputs, parse("n (G ~C) *s -> n (~C G) *s").outputs)
    plant(monkeypatch, "GroupNormalization", lambda rule: replace(rule, equation=wrong))
    assert not prune_randomly(model(GROUPS)).verdict.passed


def test_groups_that_are_not_counted_again_are_noticed(monkeypatch):
    text = GROUPS.replace("[6", "[8").replace("5,6", "5,8").replace("=3", "=4")  # what is left of 2 by 2 divides by 4
    plant(monkeypatch, "GroupNormalization", lambda rule: replace(rule, fits=()))
    subject = model(text)
    trace = traced_model(subject)
    assert not check_surgery(subject, trace, plan_of(trace, a=[0, 2])).passed


def test_window_is_read_at_its_middle_whatever_a_rule_says(monkeypatch):
    text = """g (float[2,3,4] x) => (float[2,5,4] y) <float[8,3,1] a, float[5,8,1] b, int64[1] one={1},
        int64[8] pads={0,0,2,0,0,0,2,0}> {
      p = Conv (x, a) u = Unsqueeze (p, one) q = Pad (u, pads) m = AveragePool <kernel_shape=[5,1]> (q)
      s = Squeeze (m, one) y = Conv (s, b)
    }"""
    assert prune_randomly(model(text)).verdict.passed
    plant(monkeypatch, "AveragePool", lambda rule: replace(rule, sizes={"b0": 3, "e0": 1}))
    assert not prune_randomly(model(text)).verdict.passed
