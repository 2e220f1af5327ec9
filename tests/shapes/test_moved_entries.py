"""Entries of small tensors: where operators that move them take their flags, and where others spread them."""

from __future__ import annotations

import numpy as np
import pytest

from paoding_onnx.rules.binding import bind_nodes
from paoding_onnx.shapes.moved_entries import moved
from paoding_onnx.shapes.observe import observe
from tests.models import model

HEAD = "g (int64[4] x, int64[2] z) => (int64[a] y) "


def flags(text, *inputs, constants="", position=0):
    """The flags of an output of the only node; constants have none."""
    (bound,) = bind_nodes(observe(model(f"{HEAD}{constants}{{ {text} }}")))
    given = [np.array(of, bool) for of in inputs]
    given += [np.zeros((), bool)] * (len(bound.node.inputs) - len(given))
    found = moved(bound, position, given)
    return None if found is None else np.broadcast_to(found, bound.node.output_shape(position)).astype(int).tolist()


def test_concat_lays_flags_end_to_end():
    assert flags("y = Concat <axis=0> (x, z)", [1, 0, 0, 1], [0, 1]) == [1, 0, 0, 1, 0, 1]


def test_slice_takes_its_piece_alone():
    constants = "<int64[1] one={1}, int64[1] three={3}, int64[1] zero={0}>"
    assert flags("y = Slice (x, one, three, zero)", [1, 0, 1, 0], constants=constants) == [0, 1]


def test_slice_in_steps_takes_every_entry_from_its_place():
    constants = "<int64[1] last={-1}, int64[1] end={-9}, int64[1] zero={0}>"
    assert flags("y = Slice (x, last, end, zero, last)", [1, 0, 0, 0], constants=constants) == [0, 0, 0, 1]


@pytest.mark.parametrize(("position", "wanted"), [(0, [1]), (1, [0, 0, 1])])
def test_part_of_a_split_has_its_own_flags(position, wanted):
    constants = "<int64[2] sizes={1,3}>"
    assert flags("y, w = Split <axis=0> (x, sizes)", [1, 0, 0, 1], constants=constants, position=position) == wanted


def test_arithmetic_joins_flags_entry_by_entry():
    assert flags("y = Add (x, x)", [1, 0, 0, 0], [0, 0, 1, 0]) == [1, 0, 1, 0]


def test_sum_spreads_any_flag():
    assert flags("y = ReduceSum (x)", [0, 1, 0, 0]) == [1]


def test_nothing_set_stays_so():
    assert flags("y = Neg (x)", [0, 0, 0, 0]) == [0, 0, 0, 0]


def test_entries_of_a_node_that_looks_at_contents_are_not_told_apart():
    assert flags("y = NonZero (x)", [1, 0, 0, 0]) is None
