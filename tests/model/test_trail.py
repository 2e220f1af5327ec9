"""Notes of what each node took, and what is made of them."""

from __future__ import annotations

import numpy as np
import pytest

from paoding_onnx.context import Deployment
from paoding_onnx.model.trail import NodeTime, TrailedSession
from tests.models import model

TEXT = """g (float[1,16] x) => (float[1,4] y) <float[16,32] w, float[32,4] v> {
    h = MatMul(x, w)
    r = Relu(h)
    y = MatMul(r, v)
}"""
FEEDS = {"x": np.ones((1, 16), np.float32)}


def test_session_with_a_trail_tells_what_each_node_took(tmp_path):
    session = TrailedSession(model(TEXT), tmp_path / "trail", on=Deployment(1))
    for _ in range(3):
        session.run(FEEDS)
    times = session.times()
    assert times
    assert all(len(node.milliseconds) == 3 and min(node.milliseconds) >= 0 for node in times)
    assert all(node.operator for node in times)


@pytest.mark.parametrize(
    ("spent", "expected"),
    [([5.0], 5.0), ([9.0, 1.0], 1.0), ([9.0, 4.0, 1.0, 3.0, 2.0], 1.0), ([9.0, *range(8, 0, -1)], 1.5)],
)
def test_typical_time_is_that_of_undisturbed_runs(spent, expected):
    assert NodeTime("n", "any", tuple(spent)).typical == expected
