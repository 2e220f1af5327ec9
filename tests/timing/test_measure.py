"""Times of layers: measured for every width, larger ones longer; what cannot run alone is said."""

from __future__ import annotations

import numpy as np

from paoding_onnx.context import Run
from paoding_onnx.dependency.groups import trace
from paoding_onnx.errors import ModelError
from paoding_onnx.shapes.study import study
from paoding_onnx.timing import measure
from paoding_onnx.timing.measure import measure_table
from paoding_onnx.timing.widths import timed_layers
from tests.models import model
from tests.pruning import CNN

WIDE = (
    "g (float[64,256] x) => (float[64,8] y) <float[256,512] a, float[512,8] b> { p = MatMul (x, a) y = MatMul (p, b) }"
)


def table_of(text, shape, run=None):
    found = study(model(text))
    traced = trace(found.graph)
    feeds = {"x": np.ones(shape, np.float32)}
    return measure_table(found.folded, traced, feeds, run or Run(threads=1), made={"threads": 1}), traced


def test_every_layer_has_a_time_for_every_width():
    table, traced = table_of(CNN, (1, 3, 8, 8))
    layers = timed_layers(traced)
    assert table.layers.keys() == {layer.key for layer in layers}
    for layer in layers:
        times = table.layers[layer.key]
        assert times.sizes == layer.grid()
        assert times.milliseconds.shape == tuple(map(len, layer.grid()))
    assert table.operators["Conv"] > 0
    assert (table.inseparable, table.made) == ((), {"threads": 1})


def test_an_eighth_of_a_wide_layer_takes_clearly_less():
    table, traced = table_of(WIDE, (64, 256))
    times = table.layers[timed_layers(traced)[0].key].milliseconds
    assert times[0] < times[-1] / 2


def test_layers_are_told_one_by_one():
    said = []
    table_of(WIDE, (64, 256), Run(threads=1, progress=lambda what, _: said.append(what)))
    assert said == ["timing the model", "timing layer 1 of 2", "timing layer 2 of 2"]


def test_widths_are_timed_in_pieces_where_they_need_room(monkeypatch):
    monkeypatch.setattr(measure, "BENCH_BYTES", 1)
    table, traced = table_of(CNN, (1, 3, 8, 8))
    assert table.layers.keys() == {layer.key for layer in timed_layers(traced)}


def test_layer_that_does_not_run_alone_is_said(monkeypatch):
    def refuse(*_):
        raise ModelError("not alone")

    monkeypatch.setattr(measure, "bench_of", refuse)
    table, traced = table_of(WIDE, (64, 256))
    assert table.layers == {}
    assert set(table.inseparable) == {layer.key for layer in timed_layers(traced)}
