"""The values of a trace: numbers of units, where they lie, and what is left of an axis once some are gone."""

from __future__ import annotations

import numpy as np
import pytest

from paoding_onnx.dependency.trace import Role, gone, left_of
from paoding_onnx.rules.binding import TensorUse
from tests.models import NET, traced


def test_units_are_numbered_through():
    assert [(group.start, group.stop) for group in traced(NET).groups] == [(0, 4), (4, 10)]
    assert traced(NET).n_units == 10


def test_places_with_a_role():
    first, _ = traced(NET).groups
    assert [parameter_axis.use.tensor for parameter_axis in first.having(Role.CONSUMES)] == ["b"]


def test_position_of_no_unit_is_minus_one():
    found = traced(NET)
    assert found.units[TensorUse("a"), 0].tolist() == [0, 1, 2, 3]
    assert found.units[TensorUse("a"), 1].tolist() == [-1, -1, -1]


def test_flattened_positions_name_their_channel():
    assert traced(NET).units[TensorUse("c"), 0].tolist() == np.repeat(np.arange(4, 10), 16).tolist()


def test_kept_positions():
    found = traced(NET)
    removed = np.arange(10) == 5
    assert found.kept(TensorUse("b"), 0, removed).tolist() == [True, False, True, True, True, True]
    assert found.kept(TensorUse("c"), 0, removed).sum() == 80


def test_shapes_without_the_removed():
    found = traced(NET)
    shapes = found.shapes_left(np.arange(10) == 5)
    whole = found.graph.sizes.shapes
    differ = {name for name in whole if shapes[name] != whole[name]}
    assert differ
    assert all(np.prod(shapes[name]) * 6 == np.prod(whole[name]) * 5 for name in differ)


def test_sizes_of_factors_without_the_removed():
    found = traced(NET)
    removed = np.isin(np.arange(10), [0, 1, 9])
    assert found.sizes(2, removed) == {
        "n": 2, "G": 1, "I": 2, "O": 5, "k0": 3, "k1": 3,
        "b0": 1, "S0": 4, "e0": 1, "b1": 1, "S1": 4, "e1": 1,
    }  # fmt: skip


def test_nothing_is_gone_from_a_trace_without_units():
    assert gone(np.array([-1, -1]), np.zeros(0, bool)).tolist() == [False, False]


def test_positions_of_a_group_come_unit_by_unit():
    _, second = traced(NET).groups
    units = np.array([9, -1, 4, 3, 9, 5])
    assert second.positions(units).tolist() == [2, 5, 0, 4]


def test_what_stays_of_a_tensor_is_its_kept_positions():
    found = traced(NET)
    removed = np.isin(np.arange(10), [1, 4, 9])
    weights = found.graph.tensors["b"].value
    assert np.array_equal(found.kept_part("b", weights, removed), np.delete(np.delete(weights, [0, 5], 0), 1, 1))
    activation = np.arange(2 * 4 * 6 * 6).reshape(2, 4, 6, 6)
    assert np.array_equal(found.kept_part("n", activation, removed), np.delete(activation, 1, 1))


def test_axes_that_lose_positions_are_told_with_what_stays():
    found = traced(NET)
    removed = np.isin(np.arange(10), [1, 4, 9])
    ((axis, kept),) = found.shrunk_axes("n", removed)
    assert axis == 1
    assert kept.tolist() == [True, False, True, True]
    assert left_of(np.arange(8).reshape(2, 4), [(axis, kept)]).tolist() == [[0, 2, 3], [4, 6, 7]]


def test_what_stays_of_an_axis_of_another_size_cannot_be_told():
    assert left_of(np.zeros((2, 5)), [(1, np.array([True, False, True, True]))]) is None


def test_tensor_that_the_trace_does_not_know_stays_whole():
    found = traced(NET)
    value = np.zeros((4, 6))
    assert found.kept_part("unknown", value, np.ones(10, bool)) is value


MEASURED = """g (float[2,3,4,4] x) => (float[2,5,4,4] y) <float[8,3,1,1] a, float[5,8,1,1] b, int64 one={1}> {
  p = Conv (x, a) s = Shape (p) c = Gather (s, one) f = Cast <to=1> (c) q = Div (p, f) y = Conv (q, b)
}"""
"""Activations divided by the number of their channels."""


@pytest.mark.parametrize(("entry", "shrinks"), [(0, False), (1, True), (2, False)])
def test_size_shrinks_with_the_axis_that_it_measures(entry, shrinks):
    found = traced(MEASURED)
    assert found.shrinks("s", entry, 4, np.arange(8) == 3) is shrinks


def test_size_without_an_origin_does_not_shrink():
    assert not traced(MEASURED).shrinks("x", 0, 1, np.ones(8, bool))


def test_tensor_of_sizes_whose_entries_are_not_told_apart_shrinks_with_any_of_them():
    assert traced(MEASURED).shrinks("s", 0, 3, np.arange(8) == 3)


def test_frozen_size_keeps_the_value_it_had_once_its_axis_shrinks():
    found = traced(MEASURED)
    ((data_use, value),) = found.frozen_values(np.arange(8) == 3)
    assert found.bound_nodes[data_use.node_index].node.operator == "Div"
    assert value == 8


def test_frozen_size_is_left_alone_while_its_axis_stays():
    assert list(traced(MEASURED).frozen_values(np.zeros(8, bool))) == []


def test_positions_of_no_unit_are_never_gone():
    assert gone(np.array([-1, 0, 1, -1]), np.array([True, True])).tolist() == [False, True, True, False]


def test_constant_keeps_what_stays_on_every_axis():
    found = traced(NET)
    removed = np.isin(np.arange(10), [0, 1, 9])
    weights = np.arange(np.prod(found.graph.tensors["b"].shape)).reshape(found.graph.tensors["b"].shape)
    assert np.array_equal(found.kept_of(TensorUse("b"), weights, removed), found.kept_part("b", weights, removed))


PICKED = """g (float[N,3] x) => (float[N,2] y) <float[3,5] a, int64[2] i={1,3}, float[7,2] b> {
  h = MatMul (x, a) p = Gather <axis=1> (h, i) c = Concat <axis=1> (h, p) y = MatMul (c, b)
}"""


def test_parts_of_a_group_are_what_a_node_picks():
    assert [part.tolist() for part in traced(PICKED).parts] == [[1, 3]]
    assert traced(NET).parts == ()


def test_of_each_part_one_unit_stays_that_was_there_before():
    trace = traced(PICKED)
    wished = np.array([True, True, False, True, False])
    before = np.array([False, True, False, False, False])
    assert trace.without_gaps(wished, before).tolist() == [True, True, False, False, False]
    assert trace.without_gaps(wished, np.zeros(5, bool)).tolist() == [True, False, False, True, False]
    some = np.array([True, True, False, False, True])
    assert trace.without_gaps(some, before).tolist() == some.tolist()
