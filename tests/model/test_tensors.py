"""Tensors become arrays; malformed ones become errors that name them."""

from __future__ import annotations

import numpy as np
import onnx
import pytest
from onnx import helper, numpy_helper

from paoding_onnx.errors import ModelError
from paoding_onnx.model.tensors import array_of, dtype_of, raw_array

NUMBERS = np.arange(6, dtype=np.float32).reshape(2, 3)


def tensor(**changes: object) -> onnx.TensorProto:
    """A tensor of two by three numbers, some of its fields changed."""
    found = numpy_helper.from_array(NUMBERS, "w")
    for name, value in changes.items():
        found.ClearField(name)
        if isinstance(value, list):
            getattr(found, name).extend(value)
        elif value is not None:
            setattr(found, name, value)
    return found


def test_content_is_the_array():
    np.testing.assert_array_equal(array_of(tensor(), "w"), NUMBERS)


def test_raw_content_is_the_array_and_read_only():
    found = raw_array(tensor())
    np.testing.assert_array_equal(found, NUMBERS)
    assert not found.flags.writeable


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"raw_data": bytes(20)}, "tensor 'w' cannot be read: cannot reshape"),
        ({"raw_data": bytes(23)}, "tensor 'w' cannot be read: buffer size"),
        ({"raw_data": None}, "tensor 'w' cannot be read: "),
        ({"dims": [2, 4]}, "tensor 'w' cannot be read: "),
        ({"dims": [2, -3]}, r"tensor 'w' has the shape \(2, -3\), with a negative size"),
        ({"dims": [-2, -3]}, r"tensor 'w' has the shape \(-2, -3\), with a negative size"),
        ({"data_type": 99}, "tensor 'w' cannot be read: "),
        ({"data_type": 0}, "tensor 'w' cannot be read: "),
    ],
)
def test_malformed_tensor_is_a_model_error_that_names_it(changes, words):
    with pytest.raises(ModelError, match=words):
        array_of(tensor(**changes), "w")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"raw_data": bytes(20)}, r"'w' has 5 elements, which do not fit its shape \(2, 3\)"),
        ({"raw_data": bytes(23)}, r"'w' has 5\.75 elements, which do not fit its shape \(2, 3\)"),
        ({"dims": [1 << 33, 1 << 33]}, "'w' has 6 elements, which do not fit its shape"),
        ({"dims": [-2, -3]}, "with a negative size"),
    ],
)
def test_malformed_raw_content_is_a_model_error_that_names_it(changes, words):
    with pytest.raises(ModelError, match=words):
        raw_array(tensor(**changes))


def test_tensor_in_segments_is_a_model_error():
    found = tensor()
    found.segment.begin, found.segment.end = 0, 6
    with pytest.raises(ModelError, match=r"tensor 'w' cannot be read: .*segments"):
        array_of(found, "w")


def test_types_are_those_of_numpy():
    assert dtype_of(onnx.TensorProto.FLOAT16) == np.float16
    assert dtype_of(onnx.TensorProto.STRING) == np.dtype(object)
    assert dtype_of(helper.np_dtype_to_tensor_dtype(np.dtype(np.int64))) == np.int64


def test_unknown_type_is_a_model_error():
    with pytest.raises(ModelError, match="a tensor of the unknown type 99"):
        dtype_of(99)


@pytest.mark.parametrize("dims", [[1] * 1000 + [512], [1 << 62, 0]], ids=["1,000 axes", "enormous beside none"])
def test_shape_that_numpy_does_not_have_is_a_model_error(dims):
    content = bytes(4 * 512) if 0 not in dims else b""
    with pytest.raises(ModelError, match="initializer 'w' cannot be read"):
        raw_array(onnx.TensorProto(name="w", data_type=1, dims=dims, raw_data=content))
