"""The weights of a group: rows and sums as an index into the file would give them, and which twins may take over."""

from __future__ import annotations

import numpy as np
import pytest

from paoding_onnx.dependency.trace import ParameterAxis, Role
from paoding_onnx.layerwise.weights import View, can_merge, is_dense, unit_rows, unit_sums, weight_axes
from paoding_onnx.model.read import constants
from tests.models import model
from tests.pruning import CNN, MLP, plan_of, traced_model, whole_view

FLAT = """g (float[N,3,2,2] x) => (float[N,2] y) <float[4,3,1,1] a, float[16,2] b> {
  p = Conv (x, a) q = Flatten (p) y = MatMul (q, b)
}"""
"""Four channels, each of them four rows of `b`."""


def after(text: str, **units: list[int]) -> View:
    """The view of a model that has lost these units."""
    found = traced_model(model(text))
    return View(found, plan_of(found, **units).removed, {})


def axis_of(view: View, tensor: str, axis: int) -> ParameterAxis:
    """One axis of one constant, as its group knows it."""
    (found,) = {
        parameter_axis
        for group in view.trace.groups
        for parameter_axis in group.parameter_axes
        if (parameter_axis.use.tensor, parameter_axis.axis) == (tensor, axis)
    }
    return found


def test_kept_units_are_numbers_of_the_trace():
    view = after(MLP, a=[0, 3], b=[11])
    first, second = view.trace.groups
    assert view.kept_units(first).tolist() == [k for k in range(16) if k not in (0, 3)]
    assert view.kept_units(second).tolist() == list(range(16, 27))


def test_override_goes_before_the_content_of_the_file():
    found = traced_model(model(MLP))
    other = np.ones((8, 16), np.float32)
    view = View(found, np.zeros(found.n_units, bool), {"a": other})
    assert view.constant("a") is other
    assert np.array_equal(view.constant("c"), constants(model(MLP))["c"])


def test_constant_without_content_is_empty():
    assert whole_view(model(MLP)).constant("x").size == 0


def test_integers_of_a_quantized_model_are_weighed_as_floats():
    text = """g (float[N,8] x) => (float[N,3] y)
        <float[8,12] a, int8[12,10] b, float s = {0.01}, int8 z = {5}, float[10,3] c> {
      p = MatMul (x, a) w = DequantizeLinear (b, s, z) r = MatMul (p, w) y = MatMul (r, c)
    }"""
    view = whole_view(model(text))
    stored = constants(model(text))["b"].astype(np.float32)
    np.testing.assert_allclose(view.weights(axis_of(view, "b", 0)), (stored - 5) * np.float32(0.01), rtol=1e-6)
    assert np.array_equal(view.content(axis_of(view, "b", 0)), stored)


@pytest.mark.parametrize("power", [1, 2])
def test_sums_leave_out_weights_that_are_gone(power):
    view = after(MLP, a=[0, 3], b=[11])
    sums, counts = unit_sums(view, view.trace.groups[1], axis_of(view, "b", 1), power)
    kept = np.delete(constants(model(MLP))["b"], [0, 3], 0)
    np.testing.assert_allclose(sums, (np.abs(kept) ** power).sum(0), rtol=1e-6)
    assert counts.tolist() == [14] * 12


def test_sums_of_a_unit_with_several_positions_count_them_all():
    view = whole_view(model(FLAT))
    sums, counts = unit_sums(view, view.trace.groups[0], axis_of(view, "b", 0), 1)
    np.testing.assert_allclose(sums, np.abs(constants(model(FLAT))["b"]).reshape(4, 8).sum(1), rtol=1e-6)
    assert counts.tolist() == [8] * 4


def test_sums_are_the_same_over_many_blocks():
    text = MLP.replace("16", "200")
    view = whole_view(model(text))
    sums, _ = unit_sums(view, view.trace.groups[0], axis_of(view, "a", 1), 1)
    np.testing.assert_allclose(sums, np.abs(constants(model(text))["a"]).sum(0), rtol=1e-5)


def test_sums_of_one_group_leave_out_the_others_on_its_axis():
    text = """g (float[N,3,4,4] x) => (float[N,2,4,4] y) <float[5,3,1,1] a, float[4,3,1,1] c, float[2,9,1,1] b> {
      p = Conv (x, a) q = Conv (x, c) f = Concat <axis=1> (p, q) y = Conv (f, b)
    }"""
    view = whole_view(model(text))
    second = view.trace.groups[1]
    sums, counts = unit_sums(view, second, second.having(Role.CONSUMES)[0], 1)
    np.testing.assert_allclose(sums, np.abs(constants(model(text))["b"][:, 5:]).sum((0, 2, 3)), rtol=1e-6)
    assert counts.tolist() == [2] * 4


def test_rows_are_those_of_the_units_without_what_is_gone():
    view = after(MLP, a=[2, 9], b=[0])
    found = unit_rows(view, np.array([16 + 5, 16 + 1]), axis_of(view, "b", 1))
    assert np.array_equal(found, np.delete(constants(model(MLP))["b"], [2, 9], 0)[:, [5, 1]].T)


def test_row_of_a_unit_with_several_positions_holds_them_all():
    view = whole_view(model(FLAT))
    found = unit_rows(view, np.array([3, 1]), axis_of(view, "b", 0))
    assert np.array_equal(found, constants(model(FLAT))["b"].reshape(4, 8)[[3, 1]])


def test_no_unit_has_no_row():
    view = whole_view(model(MLP))
    assert unit_rows(view, np.array([], int), axis_of(view, "a", 1)) is None


def test_rows_that_differ_in_length_are_none():
    """Channels 0 and 1 are repeated behind all six, so that each of them has two columns of `b`."""
    text = """g (float[N,3,4,4] x) => (float[N,2,4,4] y)
        <float[6,3,1,1] a, float[2,8,1,1] b, int64[1] i={0}, int64[1] j={2}, int64[1] one={1}> {
      p = Conv (x, a) s = Slice (p, i, j, one) f = Concat <axis=1> (p, s) y = Conv (f, b)
    }"""
    view = whole_view(model(text))
    (group,) = view.trace.groups
    (consumer,) = group.having(Role.CONSUMES)
    assert unit_rows(view, np.arange(6), consumer) is None
    assert unit_rows(view, np.arange(2, 6), consumer).shape == (4, 2)


def test_vectors_are_no_weights():
    view = whole_view(model(MLP))
    second = view.trace.groups[1]
    assert [found.use.tensor for found in second.having(Role.PRODUCES)] == ["b", "bb"]
    assert [found.use.tensor for found in weight_axes(view, second, Role.PRODUCES)] == ["b"]


BETWEEN = "g (float[N,8] x) => (float[N,4] y) <float[8,6] a, {constants}> {{ p = MatMul (x, a) {nodes} }}"
"""Six units, and what is done with them."""


def between(declared: str, nodes: str) -> View:
    return whole_view(model(BETWEEN.format(constants=declared, nodes=nodes)))


def test_dense_units_are_made_without_a_kernel():
    assert [is_dense(whole_view(model(MLP)), group) for group in traced_model(model(MLP)).groups] == [True, True]
    dense = [is_dense(whole_view(model(CNN)), group) for group in traced_model(model(CNN)).groups]
    assert dense == [False, False, True]


def test_weights_stored_as_integers_are_not_dense():
    view = between("int8[6,4] b, float s={0.1}, int8 z={0}", "w = DequantizeLinear (b, s, z) y = MatMul (p, w)")
    assert not is_dense(view, view.trace.groups[0])


@pytest.mark.parametrize(
    ("declared", "nodes"),
    [
        ("float[6,4] b", "y = MatMul (p, b)"),
        ("float[4,6] b", "t = Transpose (b) y = MatMul (p, t)"),
        ("float[6,4] b, float[6,4] c", "q = MatMul (p, b) r = MatMul (p, c) y = Add (q, r)"),
        ("float[6,4] b, int64[1] i={1}", "s = Shape (p) w = Gather (s, i) q = MatMul (p, b) f = Cast <to=1> (w) "
         "m = ReduceSum <keepdims=0> (f) z = Sub (m, m) y = Add (q, z)"),
    ],
    ids=["own weight", "own weight through a transpose", "two consumers", "size that is measured"],
)  # fmt: skip
def test_twin_may_take_over_where_weights_of_their_own_consume_the_units(declared, nodes):
    view = between(declared, nodes)
    assert can_merge(view, view.trace.groups[0])


@pytest.mark.parametrize(
    ("declared", "nodes"),
    [
        ("float[6,4] b", "s = ReduceSum <keepdims=1> (p, axes) q = MatMul (p, b) y = Add (q, s)"),
        ("float[6,4] b", "q = MatMul (p, b) r = MatMul (p, b) y = Add (q, r)"),
        ("float[6,4] b", "r = Relu (b) y = MatMul (p, r)"),
        ("float[6,4] b", "n = LayerNormalization (p, k, k) y = MatMul (n, b)"),
    ],
    ids=["sum without a weight", "weight that is read twice", "weight behind a Relu", "inexact units"],
)
def test_twin_may_not_take_over_where(declared, nodes):
    view = between(declared + ", int64[1] axes={1}, float[6] k", nodes)
    assert not can_merge(view, view.trace.groups[0])
