"""Nodes as they are written: they run, and compute what they say."""

from __future__ import annotations

import numpy as np
import onnx
import pytest

from paoding_onnx.gradients.writer import Writer, version_of
from paoding_onnx.model.load import lift
from paoding_onnx.model.session import Session

X = np.arange(24, dtype=np.float32).reshape(2, 3, 4)


@pytest.mark.parametrize("opset", [11, 17])
def test_what_is_written_computes(opset):
    writer = Writer("w", opset)
    writer.scaled(writer.sum(writer.permuted(writer.shaped("x", (3, 2, 4)), (1, 0, 2)), (2,)), 0.5, output="y")
    graph = onnx.helper.make_graph(
        writer.nodes,
        "g",
        [onnx.helper.make_tensor_value_info("x", onnx.TensorProto.FLOAT, (2, 3, 4))],
        [onnx.helper.make_tensor_value_info("y", onnx.TensorProto.FLOAT, None)],
        writer.constants,
    )
    proto = onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", opset)], ir_version=8)
    assert version_of(proto) == opset
    found = Session(lift(proto)).run({"x": X})["y"]
    np.testing.assert_array_equal(found, X.reshape(3, 2, 4).transpose(1, 0, 2).sum(2, keepdims=True) / 2)


def test_names_never_meet():
    writer = Writer("w", 17)
    names = [writer.constant(1.0), writer.add("Neg", "x"), writer.constant([1, 2]), writer.add("Neg", "x")]
    assert len(set(names)) == 4
