"""The part of a model: what some tensors take, nothing else, and the same numbers."""

from __future__ import annotations

import numpy as np

from paoding_onnx.model.part import part_of
from paoding_onnx.model.session import Session
from tests.models import model

CHAIN = """g (float[n,3] x, float[n,3] z) => (float[n,3] y, float[n,3] w) {
    a = Relu (x) b = Neg (a) y = Add (b, z) w = Neg (z) }"""
BRANCH = """g (bool c, float[3] x) => (float[3] y) {
    a = Neg (x) b = Relu (x) d = Sqrt (x)
    y = If (c) <then_branch = t () => (float[3] u) { u = Neg (a) },
                else_branch = e () => (float[3] v) { v = Neg (b) }> }"""


def test_nodes_behind_what_is_asked_for_are_left_out():
    part = part_of(model(CHAIN), {"b"})
    assert [node.op_type for node in part.proto.graph.node] == ["Relu", "Neg"]
    assert [info.name for info in part.proto.graph.input] == ["x", "z"]


def test_it_computes_the_same():
    feeds = {name: np.ones((2, 3), np.float32) * size for name, size in (("x", 2), ("z", 3))}
    whole = Session(model(CHAIN), watch=["b"]).run(feeds)
    part = Session(part_of(model(CHAIN), {"b", "w"})).run(feeds)
    assert set(part) == {"b", "w"}
    assert all(np.array_equal(part[name], whole[name]) for name in part)


def test_what_a_branch_reads_from_outside_is_needed():
    part = part_of(model(BRANCH), ["y"])
    assert [node.op_type for node in part.proto.graph.node] == ["Neg", "Relu", "If"]


def test_input_may_be_asked_for_too():
    feeds = {"x": np.ones((1, 3), np.float32), "z": np.zeros((1, 3), np.float32)}
    found = Session(part_of(model(CHAIN), {"x", "a"})).run(feeds)
    assert np.array_equal(found["x"], feeds["x"])


def test_tensors_that_it_does_not_know_are_no_outputs_and_the_model_stays_as_it_was():
    subject = model(CHAIN)
    before = subject.proto.SerializeToString(deterministic=True)
    assert [info.name for info in part_of(subject, ["a", "unknown"]).proto.graph.output] == ["a"]
    assert subject.proto.SerializeToString(deterministic=True) == before
