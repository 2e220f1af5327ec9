"""Whole numbers are added up exactly, and each binary place says yes or no."""

from __future__ import annotations

from paoding_onnx.rules.chance import CAST, CAST_TO, FLOAT, binary_place, can_draw, summed_up


def test_numbers_beside_are_whole_and_read_as_floats_where_these_are_multiplied():
    assert [(step.operator, step.beside, step.as_float) for step in summed_up() if step.beside] == [("Mul", 997, True)]
    assert [step.beside for step in binary_place(3)] == [8, 2, None]


def test_sums_are_made_of_whole_numbers():
    first, *_, added = summed_up()
    assert (first.operator, first.attributes[CAST_TO]) == (CAST, FLOAT)
    assert added.operator == "ReduceSum"


def test_operators_are_there_since_opset_10():
    assert [opset for opset in range(8, 13) if can_draw(opset)] == [10, 11, 12]
