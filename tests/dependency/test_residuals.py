"""Residual branches are found by structure, and only where nothing else needs them."""

from __future__ import annotations

import pytest

from paoding_onnx.dependency.residuals import residuals_of
from paoding_onnx.rules.binding import bind_nodes
from paoding_onnx.shapes.observe import observe
from tests.models import model
from tests.residuals import BLOCKS


def found(text):
    """The residual branches of the model that ONNX text describes."""
    graph = observe(model(text))
    return residuals_of(graph, bind_nodes(graph))


def test_branches_are_found_on_either_side_of_a_sum():
    first, second = found(BLOCKS)
    assert (first.total, first.kept, first.branch, first.nodes) == ("t1", "s", "d1", (1, 2, 3))
    assert (second.total, second.kept, second.branch, second.nodes) == ("t2", "t1", "d2", (5, 6, 7))


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("Add (s, d1)", "Sub (s, d1)"),  # no sum
        ("[sum1] t1 = Add (s, d1)", "[other] o = Relu (s) [sum1] t1 = Add (o, d1)"),  # made of something else
        ("[sum1]", "[twice] z = Relu (d1) [sum1]"),  # what the branch makes is used elsewhere
        ("(float[N,3] y)", "(float[N,3] y, float[N,10] r1)"),  # or leaves the model
    ],
)
def test_what_is_no_residual_branch_stays(before, after):
    text = BLOCKS.replace(before, after)
    if "z = Relu" in text:
        text = text.replace("MatMul (t2, last)", "MatMul (v, last)").replace("[head]", "[more] v = Add (t2, z) [head]")
    assert "t1" not in [residual.total for residual in found(text)]


def test_sum_that_broadcasts_is_none():
    assert found("g (float[2,6] x) => (float[2,6] y) <float[6,1] a> { u = MatMul (x, a) y = Add (x, u) }") == ()


def test_branch_without_weights_is_none():
    assert found("g (float[2,6] x) => (float[2,6] y) { u = Relu (x) y = Add (x, u) }") == ()


def test_outer_branch_holds_an_inner_one():
    text = """g (float[2,6] x) => (float[2,6] y) <float[6,6] a, float[6,6] b> {
      u = MatMul (x, a) v = MatMul (u, b) w = Add (u, v) y = Add (x, w) }"""
    inner, outer = found(text)
    assert (inner.total, outer.total) == ("w", "y")
    assert set(inner.nodes) < set(outer.nodes)
