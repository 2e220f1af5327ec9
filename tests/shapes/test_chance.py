"""What is drawn is the same for the same numbers, and falls both ways."""

from __future__ import annotations

import numpy as np
import onnx
import pytest

from paoding_onnx.model.load import Model
from paoding_onnx.model.nodes import TensorSpec
from paoding_onnx.model.session import Session
from paoding_onnx.shapes.chance import draw

SPECS = (TensorSpec("x", np.dtype("f4"), (3, 4)), TensorSpec("k", np.dtype("i8"), ()))


def drawn(n_choices: int) -> Session:
    """A model that draws so many times."""
    taken = {"x", "k"}
    chains = [draw(SPECS, number, taken) for number in range(n_choices)]
    graph = onnx.helper.make_graph(
        [node for chain in chains for node in chain],
        "g",
        [
            onnx.helper.make_tensor_value_info("x", onnx.TensorProto.FLOAT, [3, 4]),
            onnx.helper.make_tensor_value_info("k", onnx.TensorProto.INT64, []),
        ],
        [onnx.helper.make_tensor_value_info(chain[-1].output[0], onnx.TensorProto.BOOL, []) for chain in chains],
    )
    return Session(Model(onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 17)]), {}))


@pytest.mark.parametrize("scale", [0.01, 1.0, 100.0])
def test_each_choice_falls_both_ways_and_by_itself(scale):
    session, rng = drawn(3), np.random.default_rng(0)
    feeds = [{"x": (scale * rng.random((3, 4))).astype(np.float32), "k": np.array(16000)} for _ in range(200)]
    seen = np.array([list(session.run(feed).values()) for feed in feeds])
    assert np.all(np.abs(seen.mean(0) - 0.5) < 0.15)
    assert np.all(np.abs(np.corrcoef(seen.T.astype(float)) - np.eye(3)) < 0.25)
    np.testing.assert_array_equal(seen[:20], [list(session.run(feed).values()) for feed in feeds[:20]])


def test_whole_numbers_that_are_fed_count_too():
    session, x = drawn(1), np.ones((3, 4), np.float32)
    assert len({bool(next(iter(session.run({"x": x, "k": np.array(k)}).values()))) for k in range(4)}) == 2


def test_inputs_that_are_no_numbers_draw_nothing():
    assert draw((TensorSpec("s", np.dtype(object), ()),), 0, set()) == []
