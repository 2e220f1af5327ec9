"""Rows of samples are put together and in order in place."""

from __future__ import annotations

import numpy as np

from paoding_onnx.calibration.rows import end_to_end, put_in_order


def test_rows_are_put_in_order_without_a_second_copy_of_all():
    rng = np.random.default_rng(0)
    rows, order = rng.standard_normal((57, 3)), rng.permutation(57)
    wanted = rows[order]
    put_in_order(rows, order)
    assert np.array_equal(rows, wanted)


def test_parts_are_taken_one_after_the_other():
    taken = []

    def parts():
        for k in range(3):
            taken.append(k)
            yield np.full((2, 4), k, np.int16)

    rows = end_to_end(parts(), 6)
    assert taken == [0, 1, 2]
    assert (rows.dtype, rows[:, 0].tolist()) == (np.int16, [0, 0, 1, 1, 2, 2])


def test_there_may_be_fewer_rows_than_were_asked_for():
    assert end_to_end(iter([np.ones((2, 3))]), 5).shape == (2, 3)
    assert len(end_to_end(iter(()), 5)) == 0
