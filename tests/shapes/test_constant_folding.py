"""Constants that are computed from weights by operators which would pin them are computed once."""

from __future__ import annotations

import numpy as np
import pytest

from paoding_onnx.api import prune
from paoding_onnx.model.read import constants
from paoding_onnx.model.session import Session
from paoding_onnx.options import Options
from paoding_onnx.shapes.study import study
from tests.models import model
from tests.pruning import skip_latency

STANDARDISED = """g (float[1,3,8,8] x) => (float[1,5,8,8] y)
    <float[16,3,3,3] w, float[5,16,1,1] v, float[16] s, float[16] b, float[16] m, float[16] d,
     int64[3] flat={1,16,27}, int64[4] full={16,3,3,3}> {
  f = Reshape (w, flat)
  n, mean, variance = BatchNormalization <training_mode=1> (f, s, b, m, d)
  k = Reshape (n, full) p = Conv <pads=[1,1,1,1]> (x, k) q = Relu (p) y = Conv (q, v)
}"""
"""Weight standardisation, as exporters write it: a BatchNormalization in training mode over the weights of a Conv."""

NORMED = """g (float[1,4,8] x) => (float[1,5,8] y)
    <float[12,4,3] w, float[1,1,3] gain, float[5,12,1] v> {
  l = ReduceL2 <axes=[0,1]> (w) u = Div (w, l) k = Mul (u, gain)
  p = Conv <pads=[1,1]> (x, k) q = Relu (p) y = Conv (q, v)
}"""
"""A weight norm over all but the kernel's axis."""

TABLE = """g (float[1,4] x) => (float[1,6,5] y)
    <float[3,4] w, float[4,5] v, int64[2] twice={2,1}, int64[1] zero={0}> {
  t = Tile (w, twice) p = Mul (x, t) u = Unsqueeze (p, zero) y = MatMul (u, v)
}"""


def groups(text: str) -> list[int]:
    """Units of each group that pruning finds."""
    return [group.n_units for group in prune(model(text), options=Options(round_to=1)).trace.groups]


@pytest.fixture(autouse=True)
def _quick(monkeypatch):
    skip_latency(monkeypatch)


@pytest.mark.parametrize(("text", "units"), [(STANDARDISED, [16]), (NORMED, [12])], ids=["standardised", "normed"])
def test_units_behind_a_norm_of_weights_go(text, units):
    assert groups(text) == units


def test_folded_model_computes_the_same():
    before = model(STANDARDISED)
    after = study(before).folded
    feeds = {"x": np.random.default_rng(0).standard_normal((1, 3, 8, 8)).astype(np.float32)}
    np.testing.assert_allclose(Session(after).run(feeds)["y"], Session(before).run(feeds)["y"], rtol=1e-6)


def test_folding_leaves_nothing_dead_behind():
    found = study(model(STANDARDISED))
    assert [node.op_type for node in found.folded.proto.graph.node] == ["Reshape", "Conv", "Relu", "Conv"]
    assert set(constants(found.folded)) == {"n", "v", "full"}
    assert found.graph.tensors["n"].is_constant


def test_folded_input_model_is_not_changed():
    before = model(STANDARDISED)
    content = before.proto.SerializeToString()
    study(before)
    assert before.proto.SerializeToString() == content


def test_model_without_such_constants_is_left_as_it_is():
    subject = model("g (float[1,4] x) => (float[1,5] y) <float[5,4] w> { t = Transpose (w) y = MatMul (x, t) }")
    after = study(subject).folded
    assert after is subject


def test_table_that_would_grow_is_not_folded():
    subject = model(TABLE)
    after = study(subject).folded
    assert after is subject
