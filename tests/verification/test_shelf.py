"""Tensors on a shelf are the same when they are looked at, whether they waited in memory or on disk."""

from __future__ import annotations

import numpy as np
import onnx
import pytest

from paoding_onnx.verification.shelf import Shelf

BFLOAT16 = onnx.helper.tensor_dtype_to_np_dtype(onnx.TensorProto.BFLOAT16)
TENSORS = {
    "floats": np.arange(12, dtype=np.float32).reshape(3, 4)[:, ::2],
    "bits": np.ones((2, 2), BFLOAT16),
    "flags": np.array([True, False]),
    "one": np.array(3.0),
    "none": np.zeros((0, 3), np.int64),
    "words": np.array(["a", None], object),
}


@pytest.mark.parametrize(("most", "on_disk"), [(0, 4), (40, 1), (1 << 20, 0)])
def test_tensors_are_what_they_were(most, on_disk, tmp_path):
    found = Shelf(tmp_path, most).put(TENSORS.items())
    assert list(found) == list(TENSORS)
    assert len(list(tmp_path.iterdir())) == on_disk
    for name, array in TENSORS.items():
        assert (found[name].dtype, found[name].shape) == (array.dtype, array.shape)
        assert np.array_equal(found[name], array)


def test_what_waits_in_memory_is_counted_over_all_that_is_put(tmp_path):
    shelf = Shelf(tmp_path, 100)
    for _ in range(3):
        shelf.put([("x", np.zeros(5))])
    assert len(list(tmp_path.iterdir())) == 1


def test_only_some_are_left_without_a_look_at_them(tmp_path):
    found = Shelf(tmp_path, 0).put(TENSORS.items())
    for file in tmp_path.iterdir():
        file.unlink()
    assert list(found.only({"bits", "floats", "other"})) == ["floats", "bits"]


def test_tensors_come_one_after_the_other(tmp_path):
    seen = []

    def made():
        for number in range(3):
            seen.append(len(list(tmp_path.iterdir())))
            yield str(number), np.zeros(4)

    Shelf(tmp_path, 0).put(made())
    assert seen == [0, 1, 2]
