"""Bodies that are easy to look into compute what they did before."""

from __future__ import annotations

import numpy as np
import pytest

from paoding_onnx.model.session import Session
from paoding_onnx.model.stored import is_constant
from paoding_onnx.shapes.lifting import lifted
from paoding_onnx.shapes.steps import body_of
from tests.bodies import TEXTS
from tests.models import model

FED = {"x": np.random.default_rng(0).standard_normal((2, 5, 4)).astype(np.float32)}
OUTSIDE = """g (float[2,4] x) => (float[2,4] y, float[4,4] w2)
    <float[4,4] w, int64 three={3}, bool go={1}> {
  y, w2 = Loop (three, go, x, w) <body = step (int64 k, bool c, float[2,4] h, float[4,4] v)
      => (bool c, float[2,4] u, float[4,4] v2) { m = MatMul (h, v) u = Tanh (m) v2 = Identity (v) }> }"""
TWICE = """g (float[2,4] x) => (float[2,4] y)
    <float[2,4] zeros={0,0,0,0,0,0,0,0}, int64 three={3}, bool go={1}> {
  y1 = Loop (three, go, zeros) <body = one (int64 k, bool c, float[2,4] h) => (bool c, float[2,4] u) { u = Add (h, x) }>
  y2 = Loop (three, go, zeros) <body = two (int64 k, bool c, float[2,4] h) => (bool c, float[2,4] u) { u = Sub (h, x) }>
  y = Mul (y1, y2) }"""


def bodies(subject, graph=None):
    """All bodies of a model, outer ones first."""
    for node in (graph or subject.proto.graph).node:
        body = body_of(node, subject.proto)
        if body is not None:
            yield body
            yield from bodies(subject, body)


@pytest.mark.parametrize("name", TEXTS)
def test_outputs_stay(name):
    subject = model(TEXTS[name])
    np.testing.assert_array_equal(Session(lifted(subject)).run(FED)["y"], Session(subject).run(FED)["y"])


@pytest.mark.parametrize("name", TEXTS)
def test_constants_lie_outside_and_names_are_told_apart(name):
    after = lifted(model(TEXTS[name]))
    names = [name for body in bodies(after) for node in body.node for name in node.output]
    names += [info.name for body in bodies(after) for info in body.input]
    assert len(names) == len(set(names))
    assert not any(body.initializer or any(map(is_constant, body.node)) for body in bodies(after))


def test_weights_that_are_handed_on_are_read_from_outside():
    (body,) = bodies(lifted(model(TEXTS["while"])))
    assert [info.name for info in body.input] == ["k", "c", "i0", "h0"]
    assert {"w", "r", "b"} <= {name for node in body.node for name in node.input}


def test_state_that_leaves_the_model_keeps_its_name():
    subject = model(OUTSIDE)
    after, fed = lifted(subject), {"x": np.ones((2, 4), np.float32)}
    for name, value in Session(subject).run(fed).items():
        np.testing.assert_array_equal(Session(after).run(fed)[name], value)
    assert [len(body.input) for body in bodies(after)] == [3]


def test_states_that_start_from_one_constant_get_a_copy_each():
    starts = [node.input[2] for node in lifted(model(TWICE)).proto.graph.node[:2]]
    assert len(set(starts)) == 2


def test_model_whose_bodies_are_easy_stays_itself():
    once = lifted(model(TEXTS["while"]))
    assert lifted(once) is once


def test_model_without_bodies_stays_itself():
    subject = model("g (float[2] x) => (float[2] y) { y = Neg (x) }")
    assert lifted(subject) is subject


def test_large_weights_that_only_a_body_reads_are_not_shared():
    text = OUTSIDE.replace("float[4,4]", "float[200,200]").replace("float[2,4]", "float[2,200]")
    subject = model(text)
    assert "w" in subject.weights
    after = lifted(subject)
    fed = {"x": np.ones((2, 200), np.float32)}
    np.testing.assert_array_equal(Session(after).run(fed)["y"], Session(subject).run(fed)["y"])
