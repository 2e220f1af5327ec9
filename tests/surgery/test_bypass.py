"""A branch that leaves takes its nodes and its weights along, and nothing else."""

from __future__ import annotations

import numpy as np
import onnx

from paoding_onnx.dependency.residuals import residuals_of
from paoding_onnx.model.read import constants
from paoding_onnx.model.session import Session
from paoding_onnx.rules.binding import bind_nodes
from paoding_onnx.shapes.observe import observe
from paoding_onnx.surgery.bypass import bypassed
from tests.models import model
from tests.residuals import BLOCKS

X = {"x": np.random.default_rng(0).standard_normal((4, 6)).astype(np.float32)}


def without(given, *numbers):
    """The model without some of its residual branches."""
    graph = observe(given)
    found = residuals_of(graph, bind_nodes(graph))
    return bypassed(given, graph, [found[number] for number in numbers])


def test_sum_passes_on_what_is_left():
    given = model(BLOCKS)
    made, w = without(given, 0), constants(given)
    assert set(constants(made)) == {"w0", "a2", "b2", "last"}
    t = X["x"] @ w["w0"]
    wanted = (np.maximum(t @ w["a2"], 0) @ w["b2"] + t) @ w["last"]
    np.testing.assert_allclose(Session(made).run(X)["y"], wanted, rtol=1e-4, atol=1e-5)
    onnx.checker.check_model(made.proto, full_check=True)


def test_all_branches_may_go():
    given = model(BLOCKS)
    made, w = without(given, 0, 1), constants(given)
    np.testing.assert_allclose(Session(made).run(X)["y"], X["x"] @ w["w0"] @ w["last"], rtol=1e-4, atol=1e-5)
    assert len(made.proto.graph.node) == 4


def test_weights_that_others_read_stay():
    given = model(BLOCKS.replace("a2)", "a1)").replace("float[8,10] a2, ", ""))
    assert "a1" in constants(without(given, 0))


def test_original_is_not_changed():
    given = model(BLOCKS)
    before = given.proto.SerializeToString(deterministic=True)
    without(given, 1)
    assert given.proto.SerializeToString(deterministic=True) == before
