"""Writers with one fault each: a file that is not quite the model it was to hold."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import combinations
from pathlib import Path

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import numpy_helper

from paoding_onnx.model.load import Model
from paoding_onnx.model.save import write_model

Change = Callable[[onnx.ModelProto], None]
Array = NDArray[np.generic]
_OTHER = {"Relu": "Abs", "Add": "Mul", "Tanh": "Sin", "Sigmoid": "Tanh", "Mul": "Max", "Concat": "Sum"}
"""Operators, and others that take and give the same."""


def file_faults(proto: onnx.ModelProto) -> Iterator[tuple[str, str, Change]]:
    """The kind of a fault, where it is, and how to make it in the file of a model."""
    for index, tensor in enumerate(proto.graph.initializer):
        value = numpy_helper.to_array(tensor)
        for kind, wrong in _wrong(value):
            if not np.array_equal(wrong, value):
                yield f"file: {kind}", tensor.name, _stored(index, wrong)
    for (a, one), (b, other) in combinations(enumerate(proto.graph.initializer), 2):
        if one.dims == other.dims and one.data_type == other.data_type and one.raw_data != other.raw_data:
            yield "file: two constants exchanged", f"{one.name} and {other.name}", _exchanged(a, b)
    for index, node in enumerate(proto.graph.node):
        if node.op_type in _OTHER:
            yield "file: another operator", f"{node.op_type} {index}", _renamed(index)
        for place, attribute in enumerate(node.attribute):
            if attribute.type in (onnx.AttributeProto.INT, onnx.AttributeProto.FLOAT):
                yield "file: another attribute", f"{node.op_type} {index}: {attribute.name}", _nudged(index, place)


def writing(change: Change) -> Callable[[Model, Path], tuple[Path, ...]]:
    """A writer whose files have a fault."""

    def write(model: Model, path: Path) -> tuple[Path, ...]:
        """Write the model, and spoil the file."""
        files = write_model(model, path)
        proto = onnx.load(path)
        change(proto)
        onnx.save(proto, path)
        return files

    return write


def _wrong(value: Array) -> Iterator[tuple[str, Array]]:
    if value.ndim and value.size > 1:
        yield "rows reversed", value[::-1]
        yield "rows moved on", np.roll(value, 1, 0)
    if value.size:
        yield "zeros", np.zeros_like(value)
        for bit in (0, 5) if value.itemsize > 1 else (0,):
            rotten = np.frombuffer(value.tobytes(), np.uint8).copy()
            rotten[-1 - value.itemsize * (value.size // 2)] ^= 1 << bit
            yield "one bit", rotten.view(value.dtype).reshape(value.shape)


def _stored(index: int, value: Array) -> Change:
    def change(proto: onnx.ModelProto) -> None:
        tensor = proto.graph.initializer[index]
        tensor.CopyFrom(numpy_helper.from_array(np.ascontiguousarray(value), tensor.name))

    return change


def _exchanged(first: int, second: int) -> Change:
    def change(proto: onnx.ModelProto) -> None:
        one, other = proto.graph.initializer[first], proto.graph.initializer[second]
        one.name, other.name = other.name, one.name

    return change


def _renamed(index: int) -> Change:
    def change(proto: onnx.ModelProto) -> None:
        node = proto.graph.node[index]
        node.op_type = _OTHER[node.op_type]

    return change


def _nudged(index: int, place: int) -> Change:
    def change(proto: onnx.ModelProto) -> None:
        attribute = proto.graph.node[index].attribute[place]
        if attribute.type == onnx.AttributeProto.INT:
            attribute.i += 1
        else:
            attribute.f = attribute.f * 2 + 0.1

    return change
