"""A layer alone at several widths: models that run, with shapes and attributes that fit."""

from __future__ import annotations

import pytest

from paoding_onnx.dependency.groups import trace
from paoding_onnx.model.node_index import nodes_behind
from paoding_onnx.model.session import Session
from paoding_onnx.shapes.study import study
from paoding_onnx.timing.single import bench_of, n_bytes
from paoding_onnx.timing.widths import timed_layers
from tests.models import model
from tests.pruning import CNN, MLP

LSTM = """g (float[3,1,8] x) => (float[3,1,6] y) <float[1,64,8] w, float[1,64,16] r, float[16,6] a> {
  h, last, c = LSTM <hidden_size=16> (x, w, r) s = Squeeze (h, one) y = MatMul (s, a)
}""".replace("float[16,6] a>", "float[16,6] a, int64[1] one={1}>")
ATTENTION = """g (float[1,5,16] x) => (float[1,5,16] y) <float[16,16] a, float[16,16] b, float[16,16] c> {
  p = MatMul (x, a) q = MatMul (x, b) s = Transpose <perm=[0,2,1]> (q) t = MatMul (p, s) u = Softmax (t)
  v = MatMul (u, x) y = MatMul (v, c)
}"""


@pytest.mark.parametrize("text", [MLP, CNN, LSTM, ATTENTION], ids=["mlp", "cnn", "lstm", "attention"])
def test_every_layer_runs_at_all_its_widths_and_makes_what_the_equation_says(text):
    subject = model(text)
    found = study(subject)
    traced = trace(found.graph)
    layers = timed_layers(traced)
    assert layers
    for layer in layers:
        points = list(layer.points())
        bench = bench_of(found.folded, nodes_behind(found.folded.proto, [layer.bound.node])[0], layer, points)
        made = Session(bench.model).run(bench.feeds)
        first = next(axes for axes in layer.bound.binding.outputs if axes is not None)
        for name, sizes in zip(bench.names, points, strict=True):
            assert made[name].shape == tuple(axis.size(sizes) for axis in first)


def test_layer_reads_less_at_smaller_widths():
    found = study(model(CNN))
    layer = timed_layers(trace(found.graph))[2]
    points = list(layer.points())
    assert n_bytes(layer, points[0]) < n_bytes(layer, points[-1])
    shapes = [tensor.shape for tensor in layer.bound.node.inputs]
    assert n_bytes(layer, points[-1]) == 4 * (8 * 8 * 8 + 16 * 8), shapes


def test_model_of_the_layer_stays_as_it_was():
    found = study(model(CNN))
    layer = timed_layers(trace(found.graph))[0]
    before = found.folded.proto.SerializeToString()
    bench_of(found.folded, nodes_behind(found.folded.proto, [layer.bound.node])[0], layer, list(layer.points()))
    assert found.folded.proto.SerializeToString() == before
