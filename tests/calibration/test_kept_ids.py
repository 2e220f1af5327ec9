"""Ids get the numbers of their places among those that are kept."""

from __future__ import annotations

import numpy as np
import pytest

from paoding_onnx.calibration.kept_ids import KeptIds
from paoding_onnx.errors import UsageError

IDS = KeptIds(("ids",), 12, (1, 3, 4), source="mine.txt")


def test_new_numbers_keep_order_and_type():
    found = IDS.renumbered(np.array([[4, 1], [3, 3]], np.int32), "a file")
    assert found.tolist() == [[2, 0], [1, 1]]
    assert found.dtype == np.int32


def test_ids_that_went_are_named():
    with pytest.raises(UsageError, match=r"mine\.npz holds 2 ids that the vocabulary does not keep, such as 0, 7"):
        IDS.renumbered(np.array([0, 1, 7]), "mine.npz")


def test_numbers_that_are_no_ids_stay():
    assert IDS.replaced(np.array([-100, 12, 4])).tolist() == [-100, 12, 2]
    assert IDS.lost(np.array([-100, 12, 4, 5])) == (5,)


def test_commands_name_the_file():
    assert str(IDS) == "mine.txt"
