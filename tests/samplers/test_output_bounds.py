"""How far a change of a unit can reach: products of absolute weights, and never less than what is measured."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from paoding_onnx.dependency.cost import nothing
from paoding_onnx.dependency.groups import trace
from paoding_onnx.dependency.scope import Scope
from paoding_onnx.layerwise.weights import View
from paoding_onnx.model.read import constants
from paoding_onnx.samplers.output_bounds import MAX_COLUMNS, bound_outputs
from paoding_onnx.shapes.observe import observe
from tests.models import model
from tests.pruning import MLP, plan_of, planted, run, whole_view

TINY = """g (float[1,2] x) => (float[1,2] y)
    <float[2,3] a, float[3,2] b={1,-2,3,4,-5,6}, float[2,2] c={1,-1,2,0}> {
  p = MatMul (x, a) q = Relu (p) r = MatMul (q, b) s = Relu (r) y = MatMul (s, c)
}"""

BOUNDED = {
    "two hidden layers": (MLP, "ab"),
    "normalised": (
        """g (float[N,8] x) => (float[N,4] y)
        <float[8,16] a, float[16] b, float[16] s, float[16] o, float[16] m, float[16] v, float[16,4] c> {
          p = MatMul (x, a) q = Add (p, b) r = BatchNormalization (q, s, o, m, v) t = Relu (r) y = MatMul (t, c)
        }""",
        "b",
    ),
    "residual": (
        """g (float[N,8] x) => (float[N,4] y)
        <float[8,16] a, float[16] b, float[16,9] c, float[9,16] d, float[16,4] e> {
          p = Gemm (x, a, b) q = Relu (p) r = MatMul (q, c) s = Tanh (r) t = MatMul (s, d) u = Add (q, t)
          y = MatMul (u, e)
        }""",
        "b",
    ),
    "two outputs": (
        """g (float[N,8] x) => (float[N,4] y, float[N,3] z) <float[8,16] a, float[16] b, float[16,4] c, float[3,16] d> {
          p = Gemm (x, a, b) q = Relu (p) y = MatMul (q, c) z = Gemm <transB=1> (q, d)
        }""",
        "b",
    ),
}


def output_bounds(subject):
    """The reach of each group's units, group by group."""
    view = whole_view(subject)
    return list(bound_outputs(view, view.trace.groups).values())


def test_reach_is_the_product_of_absolute_weights():
    first, second = output_bounds(model(TINY))
    assert second.tolist() == [[1, 1], [2, 0]]
    assert first.tolist() == [[1 * 1 + 2 * 2, 1 * 1], [3 * 1 + 4 * 2, 3 * 1], [5 * 1 + 6 * 2, 5 * 1]]


def test_units_that_are_gone_pass_nothing_on():
    view = whole_view(model(TINY))
    removed = plan_of(view.trace, b=[1]).removed
    first = bound_outputs(View(view.trace, removed, {}), view.trace.groups)[0]
    assert first.tolist() == [[1, 1], [3, 3], [5, 5]]


def test_weights_of_earlier_steps_count():
    view = whole_view(model(TINY))
    second = bound_outputs(View(view.trace, view.removed, {"c": np.full((2, 2), -9, np.float32)}), view.trace.groups)[3]
    assert second.tolist() == [[9, 9], [9, 9]]


def test_layer_that_the_user_excludes_counts_as_an_output():
    found = trace(observe(model(TINY)), Scope(exclude=("c",)))
    reached = bound_outputs(View(found, nothing(found), {}), found.groups)[0]
    assert reached[:, reached.any(0)].tolist() == [[1, 2], [3, 4], [5, 6]]


def test_reach_goes_through_a_normalisation_by_its_gain():
    text = """g (float[1,2] x) => (float[1,2] y)
        <float[2,3] a, float[3] s={1,-2,4}, float[3] o, float[3] m, float[3] v={1,1,4}, float[3,2] c={1,2,3,4,5,6}> {
      p = MatMul (x, a) q = BatchNormalization <epsilon=0.0> (p, s, o, m, v) r = Relu (q) y = MatMul (r, c)
    }"""
    np.testing.assert_allclose(output_bounds(model(text))[0], [[1, 2], [6, 8], [10, 12]], rtol=1e-6)


def test_many_outputs_share_columns():
    text = """g (float[1,2] x) => (float[1,3000] y) <float[2,3] a, float[3,3000] c> {
      p = MatMul (x, a) y = MatMul (p, c)
    }"""
    subject = model(text)
    (found,) = output_bounds(subject)
    assert found.shape == (3, MAX_COLUMNS)
    np.testing.assert_allclose(found.sum(1), np.abs(constants(subject)["c"]).sum(1), rtol=1e-5)


@pytest.mark.parametrize("kind", BOUNDED)
@settings(max_examples=6)
@given(seed=st.integers(0, 1000), unit=st.integers(0, 15), change=st.floats(-1, 1))
def test_no_change_of_a_unit_reaches_further(kind, seed, unit, change):
    text, bias = BOUNDED[kind]

    def shift(weights):
        weights[bias][unit] += change

    before, after = (run(planted(text, plant, seed)) for plant in (dict, shift))
    felt = np.hstack([np.abs(after[name] - before[name]).max(0) for name in before])
    assert (felt <= abs(change) * output_bounds(model(text, seed))[0][unit] + 1e-5).all()


def test_bound_is_met_where_nothing_stands_in_the_way():
    text = """g (float[N,8] x) => (float[N,4] y) <float[8,16] a, float[16] b, float[16,4] c> {
      p = Gemm (x, a, b) y = MatMul (p, c)
    }"""

    def shift(weights):
        weights["b"][3] += 1

    before, after = (run(planted(text, plant))["y"] for plant in (dict, shift))
    np.testing.assert_allclose(np.abs(after - before)[0], output_bounds(model(text))[0][3], rtol=1e-4)


def test_reach_stays_finite_through_many_layers():
    depth = 60
    weights = ", ".join(f"float[64,64] w{k}" for k in range(depth))
    nodes = " ".join(f"h{k} = MatMul ({f'r{k - 1}' if k else 'x'}, w{k}) r{k} = Relu (h{k})" for k in range(depth - 1))
    text = f"g (float[1,64] x) => (float[1,64] y) <{weights}> {{ {nodes} y = MatMul (r{depth - 2}, w{depth - 1}) }}"
    view = whole_view(model(text))
    output_bounds = bound_outputs(view, view.trace.groups)
    assert len(output_bounds) == depth - 1
    for rows in output_bounds.values():
        assert np.isfinite(rows).all()
        assert rows.max() > 0
