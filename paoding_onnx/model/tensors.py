"""TENSORS of the protobuf as arrays. A malformed one is a `ModelError` that names it, whatever is wrong with it."""

from __future__ import annotations

import math

import numpy as np
import onnx
from onnx import numpy_helper

from paoding_onnx.errors import ModelError
from paoding_onnx.model.nodes import Array

_MALFORMED = (ValueError, TypeError, KeyError, OverflowError, NotImplementedError, onnx.checker.ValidationError)
"""What onnx is known to raise for a tensor that it cannot read."""


STORED_APART = 4
"""The first version of the format (IR) in which initializers need not be inputs too."""


def store(proto: onnx.ModelProto, tensor: onnx.TensorProto) -> None:
    """Give a model one more initializer, in place; where the format wants that, it is an input too."""
    proto.graph.initializer.append(tensor)
    if proto.ir_version < STORED_APART:
        info = onnx.helper.make_tensor_value_info(tensor.name, tensor.data_type, tensor.dims)
        proto.graph.input.append(info)


def dtype_of(data_type: int) -> np.dtype[np.generic]:
    """The numpy type behind an element type of ONNX; objects for strings and for none at all.

    Raises:
        ModelError: if there is no such type.
    """
    if data_type in (onnx.TensorProto.UNDEFINED, onnx.TensorProto.STRING):
        return np.dtype(object)
    try:
        return np.dtype(onnx.helper.tensor_dtype_to_np_dtype(data_type))
    except KeyError as error:
        raise ModelError(f"the model holds a tensor of the unknown type {data_type}") from error


def array_of(tensor: onnx.TensorProto, name: str) -> Array:
    """The content of a tensor that messages call `name`.

    Raises:
        ModelError: if content, shape and type do not fit each other.
    """
    _require_shape(tensor, name)
    try:
        return np.asarray(numpy_helper.to_array(tensor))
    except _MALFORMED as error:
        raise ModelError(f"tensor {name!r} cannot be read: {' '.join(str(error).split())}") from error


def raw_array(tensor: onnx.TensorProto) -> Array:
    """The content of an initializer in raw bytes, of a type that numpy itself has; read-only, and not copied.

    Raises:
        ModelError: if content and shape do not fit each other.
    """
    _require_shape(tensor, tensor.name)
    dtype, dims, content = dtype_of(tensor.data_type), tuple(tensor.dims), tensor.raw_data
    if len(content) != math.prod(dims) * dtype.itemsize:
        n_elements = f"{len(content) / dtype.itemsize:g}"
        raise ModelError(f"initializer {tensor.name!r} has {n_elements} elements, which do not fit its shape {dims}")
    try:
        return np.frombuffer(content, dtype).reshape(dims)
    except _MALFORMED as error:  # of more axes than numpy has, or with a size of 0 beside enormous ones
        raise ModelError(f"initializer {tensor.name!r} cannot be read: {error}") from error


def _require_shape(tensor: onnx.TensorProto, name: str) -> None:
    if any(dim < 0 for dim in tensor.dims):
        raise ModelError(f"tensor {name!r} has the shape {tuple(tensor.dims)}, with a negative size")
