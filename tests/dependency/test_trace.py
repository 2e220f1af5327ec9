"""The values of a trace: numbers of units, where they lie, and what is left of an axis once some are gone."""

from __future__ import annotations

import numpy as np

from paoding_onnx.dependency.trace import Role, gone
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


def test_sizes_of_factors_without_the_removed():
    found = traced(NET)
    removed = np.isin(np.arange(10), [0, 1, 9])
    assert found.sizes(2, removed) == {
        "n": 1, "G": 1, "I": 2, "O": 5, "k0": 3, "k1": 3,
        "b0": 1, "S0": 4, "e0": 1, "b1": 1, "S1": 4, "e1": 1,
    }  # fmt: skip


def test_nothing_is_gone_from_a_trace_without_units():
    assert gone(np.array([-1, -1]), np.zeros(0, bool)).tolist() == [False, False]
