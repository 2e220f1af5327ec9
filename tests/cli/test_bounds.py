"""Time is in proportion to what a file holds."""

from __future__ import annotations

import time

import numpy as np
import pytest
from onnx import TensorProto, helper, numpy_helper

from paoding_onnx.cli import main

pytestmark = pytest.mark.slow


def chain(n_nodes: int):
    """A network of two layers with many nodes between them, and as many initializers that nothing reads."""
    weights = {"a": (8, 8), "b": (8, 4), **{f"unread{k}": (1,) for k in range(n_nodes)}}
    nodes = [helper.make_node("MatMul", ["x", "a"], ["t0"])]
    nodes += [helper.make_node(("Relu", "Tanh")[k % 2], [f"t{k}"], [f"t{k + 1}"]) for k in range(n_nodes)]
    nodes.append(helper.make_node("MatMul", [f"t{n_nodes}", "b"], ["y"]))
    ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, n]) for name, n in (("x", 8), ("y", 4))]
    stored = [numpy_helper.from_array(np.ones(shape, np.float32), name) for name, shape in weights.items()]
    graph = helper.make_graph(nodes, "g", ends[:1], ends[1:], stored)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def seconds(n_nodes: int, folder) -> float:
    """Processor time of a look at such a network."""
    (folder / "m.onnx").write_bytes(chain(n_nodes).SerializeToString())
    start = time.process_time()
    assert main(["inspect", str(folder / "m.onnx"), "-q"]) == 0
    return time.process_time() - start


def test_eight_times_the_nodes_and_initializers_take_no_square_of_the_time(tmp_path):
    seconds(10, tmp_path)  # imports what is needed
    assert seconds(4000, tmp_path) < 24 * max(seconds(500, tmp_path), 0.1)
