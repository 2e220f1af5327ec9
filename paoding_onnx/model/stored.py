"""STORED: the constants of a file, initializers and Constant nodes alike, as arrays. Reads only."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import onnx

from paoding_onnx.model.nodes import Array
from paoding_onnx.model.tensors import array_of


def is_constant(node: onnx.NodeProto) -> bool:
    """Whether the node is only another way to store a constant."""
    return node.op_type == "Constant" and node.domain in ("", "ai.onnx")


def stored_in(proto: onnx.ModelProto, weights: Mapping[str, Array]) -> dict[str, Array]:
    """Content of every initializer and Constant node by tensor name; strings and sparse tensors are left out.

    The content of `weights` is in no file any more. All arrays are read-only.

    >>> from onnx.parser import parse_model
    >>> text = '<ir_version: 8, opset_import: ["" : 18]> g () => (int64 y) { y = Constant <value_int = 3> () }'
    >>> stored_in(parse_model(text), {})["y"].tolist()
    3
    """
    arrays = dict(weights)
    for tensor in proto.graph.initializer:
        if tensor.name not in arrays and tensor.data_type != onnx.TensorProto.STRING:
            arrays[tensor.name] = _read_only(array_of(tensor, tensor.name))
    for node in proto.graph.node:
        if is_constant(node) and (value := _constant_value(node)) is not None:
            arrays[node.output[0]] = _read_only(value)
    return arrays


def _constant_value(node: onnx.NodeProto) -> Array | None:
    attribute = node.attribute[0]
    value = onnx.helper.get_attribute_value(attribute)
    if attribute.name == "value":
        return None if value.data_type == onnx.TensorProto.STRING else array_of(value, node.output[0])
    kinds = {"value_float": np.float32, "value_floats": np.float32, "value_int": np.int64, "value_ints": np.int64}
    return np.asarray(value, kinds[attribute.name]) if attribute.name in kinds else None


def _read_only(array: Array) -> Array:
    array.flags.writeable = False
    return array
