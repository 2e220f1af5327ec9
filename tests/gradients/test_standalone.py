"""A node alone: what it reads, what it brings, the type it computes in."""

from __future__ import annotations

import onnx

from paoding_onnx.gradients.freeze import freeze
from paoding_onnx.gradients.standalone import standalone
from tests.gradients.test_freeze import MLP, ROWS, shapes_of, studied, types_of


def test_node_alone_reads_what_the_model_computes_and_brings_its_weights():
    frozen = freeze(studied(MLP, ROWS), "y")
    alone = standalone(frozen, frozen.graph.node[2])
    assert shapes_of(alone.graph.input) == {"r": (4, 8)}
    assert shapes_of(alone.graph.output) == {"y": (4, 2)}
    assert [tensor.name for tensor in alone.graph.initializer] == ["b"]


def test_node_alone_may_compute_in_another_type():
    frozen = freeze(studied(MLP, ROWS), "y")
    alone = standalone(frozen, frozen.graph.node[1], onnx.TensorProto.DOUBLE)
    assert types_of(alone) == {onnx.TensorProto.DOUBLE}
