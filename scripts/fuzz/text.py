"""ONNX text that alone reproduces a model: weights are named and shaped there, and made anew from name and seed."""

from __future__ import annotations

import math
import zlib

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import helper, numpy_helper


def to_text(proto: onnx.ModelProto) -> str:
    """The text of a model; initializers too long to be spelt lose their content."""
    short = onnx.ModelProto()
    short.CopyFrom(proto)
    made = {tensor.name for tensor in proto.graph.initializer}
    for info in [info for info in short.graph.input if info.name in made]:
        short.graph.input.remove(info)
    for tensor in [tensor for tensor in short.graph.initializer if is_made_up(tensor.name)]:
        short.graph.value_info.append(helper.make_tensor_value_info(tensor.name, tensor.data_type, tensor.dims))
        short.graph.initializer.remove(tensor)
    return str(onnx.printer.to_text(short))


def from_text(text: str, seed: int) -> onnx.ModelProto:
    """The model that `to_text` wrote."""
    proto = onnx.parser.parse_model(text)
    made = {name for node in proto.graph.node for name in node.output}
    for info in [info for info in proto.graph.value_info if info.name not in made]:
        proto.graph.initializer.append(numpy_helper.from_array(_content(info, seed), info.name))
        proto.graph.value_info.remove(info)
    if proto.ir_version < 4:  # there, every initializer is an input too
        for tensor in proto.graph.initializer:
            proto.graph.input.append(helper.make_tensor_value_info(tensor.name, tensor.data_type, tensor.dims))
    return proto


def is_made_up(name: str) -> bool:
    """Whether a weight's name says that its content is made from it."""
    return name[0] in "wpq" and name[1:].isdigit()


def _content(info: onnx.ValueInfoProto, seed: int) -> NDArray[np.generic]:
    """Normal numbers, scaled by fan-in ("w"), numbers around 1 ("p"), integers ("q")."""
    shape = tuple(dim.dim_value for dim in info.type.tensor_type.shape.dim)
    dtype = helper.tensor_dtype_to_np_dtype(info.type.tensor_type.elem_type)
    rng = np.random.default_rng([seed, zlib.crc32(info.name.encode())])
    if info.name[0] == "q":
        low = 0 if dtype.kind == "u" else -100
        return rng.integers(low, 101, shape).astype(dtype)
    if info.name[0] == "p":
        return rng.uniform(0.5, 1.5, shape).astype(dtype)
    scale = 1 / math.sqrt(max(math.prod(shape[1:]), 1)) if len(shape) > 1 else 0.5
    return (rng.standard_normal(shape) * scale).astype(dtype)
