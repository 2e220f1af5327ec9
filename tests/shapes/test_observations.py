"""What is kept of a run: the shape and type of every tensor, the content of small ones that may be sizes."""

from __future__ import annotations

import numpy as np
import pytest

from paoding_onnx.model.nodes import Origin
from paoding_onnx.shapes.observations import SMALL, observed


def seen(value):
    return observed({"t": value})["t"]


def test_tensor_has_the_shape_and_type_of_the_array():
    tensor = seen(np.zeros((2, 3), np.float16))
    assert (tensor.name, tensor.origin, tensor.shape, tensor.dtype) == ("t", Origin.COMPUTED, (2, 3), np.float16)


@pytest.mark.parametrize("dtype", [np.int64, np.int32, np.uint8, np.float32, np.bool_])
def test_content_of_small_numbers_is_kept(dtype):
    assert seen(np.arange(SMALL, dtype=np.int64).astype(dtype)).value is not None


def test_content_of_anything_larger_is_not():
    assert seen(np.zeros(SMALL + 1, np.int64)).value is None


@pytest.mark.parametrize("value", [np.array(["a"], object), np.array([1j])])
def test_content_of_what_holds_no_numbers_is_not(value):
    assert seen(value).value is None


def test_sequence_has_neither_shape_nor_type():
    tensor = seen([np.zeros(2)])
    assert (tensor.shape, tensor.dtype, tensor.value) == (None, None, None)
