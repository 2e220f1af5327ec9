"""Taps show what tensors in bodies hold at the last step, and count the steps."""

from __future__ import annotations

import numpy as np
import pytest

from paoding_onnx.errors import ModelError
from paoding_onnx.model.nodes import Origin
from paoding_onnx.model.session import Session
from paoding_onnx.shapes.lifting import lifted
from paoding_onnx.shapes.observations import observed
from paoding_onnx.shapes.taps import runners, tapped
from tests.bodies import TEXTS
from tests.models import model

FED = {"x": np.random.default_rng(0).standard_normal((2, 5, 4)).astype(np.float32)}


def looked_at(name):
    """The taps of a network, and what a run shows."""
    taps = tapped(lifted(model(TEXTS[name])))
    return taps, observed(Session(taps.model, watch=taps.watch).run(FED))


def test_last_step_is_shown():
    taps, run = looked_at("while")
    seen = taps.seen(run)
    assert seen["h2"].shape == (2, 6)
    np.testing.assert_array_equal(seen["h2"].value, run["all"].value[-1] if "all" in run else seen["h3"].value)
    assert seen["i1"].value == 5


def test_what_a_body_is_handed_is_another_at_each_step():
    taps, run = looked_at("while")
    origins = {name: tensor.origin for name, tensor in taps.seen(run).items()}
    assert origins["h0"] is origins["k"] is Origin.STEP
    assert origins["h2"] is origins["e"] is Origin.COMPUTED


@pytest.mark.parametrize(("name", "counts"), [("while", {"k": 5}), ("scan", {"g": 5}), ("nested", {"k": 3, "k_": 2})])
def test_steps_are_counted(name, counts):
    taps, run = looked_at(name)
    assert taps.counted(run) == counts


@pytest.mark.parametrize("name", ["while", "scan", "nested"])
def test_taps_change_no_output(name):
    subject = lifted(model(TEXTS[name]))
    np.testing.assert_array_equal(Session(tapped(subject).model).run(FED)["y"], Session(subject).run(FED)["y"])


def test_one_body_may_be_tapped_alone():
    text = """g (float[2] x) => (float[2] y) <int64 two={2}, bool go={1}> {
      a = Loop (two, go, x) <body = one (int64 k, bool c, float[2] h) => (bool c, float[2] u) { u = Neg (h) }>
      y = Loop (two, go, a) <body = more (int64 i, bool j, float[2] g) => (bool j, float[2] v) { v = Abs (g) }> }"""
    subject = model(text)
    assert runners(subject) == ("a", "y")
    assert tapped(subject).last.keys() == {"k", "c", "h", "u", "i", "j", "g", "v"}
    assert tapped(subject, "y").last.keys() == {"i", "j", "g", "v"}


def test_model_without_bodies_gets_no_taps():
    assert tapped(model("g (float[2] x) => (float[2] y) { y = Neg (x) }")) is None


def test_state_that_grows_cannot_be_looked_at():
    with pytest.raises(ModelError):
        looked_at("growing")


def test_one_step_shows_what_types_there_are():
    taps = tapped(lifted(model(TEXTS["growing"])), once=True)
    run = observed(Session(taps.model, watch=taps.watch).run(FED))
    assert taps.counted(run) == {"k": 1}
    assert [node.op_type for node in taps.model.proto.graph.node[:2]] == ["MatMul", "Loop"]
    assert "Relu" not in {node.op_type for node in taps.model.proto.graph.node}
    assert {name: tensor.dtype for name, tensor in taps.seen(run).items()} == {
        **dict.fromkeys("gtu", np.dtype("f4")),
        "k": np.dtype("i8"),
        "c": np.dtype(bool),
    }


def test_state_that_grows_is_handed_on_to_be_looked_at():
    subject = lifted(model(TEXTS["growing"]))
    taps = tapped(subject, types=dict.fromkeys("gtu", np.dtype("f4")))
    run = observed(Session(taps.model, watch=taps.watch).run(FED))
    assert {name: tensor.shape for name, tensor in taps.seen(run).items()} == {
        **dict.fromkeys("gt", (2, 20, 8)),
        "u": (2, 40, 8),
    }
    assert taps.counted(run) == {"k": 3}
    np.testing.assert_array_equal(Session(taps.model).run(FED)["y"], Session(subject).run(FED)["y"])
