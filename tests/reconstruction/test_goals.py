"""Goals of layers: rows of the original, drawn once, a few layers ahead; layers that nothing changed have none."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import pytest

from paoding_onnx.layerwise.contraction import targets
from paoding_onnx.layerwise.layers import layers_of
from paoding_onnx.layerwise.stream import Stream
from paoding_onnx.model.session import Session
from paoding_onnx.reconstruction import goals as module
from paoding_onnx.reconstruction.goals import FEWEST_SAMPLES, Goals, differing, n_wished
from paoding_onnx.shapes.observe import observe
from paoding_onnx.surgery.cut import cut, reweigh
from tests.models import model
from tests.pruning import CNN, MLP, feeds, plan_of, traced_model

DEEP = """g (float[N,6] x) => (float[N,4] y) <float[6,8] a, float[8,8] b, float[8,8] c, float[8,4] d> {
  p = MatMul (x, a) q = Relu (p) r = MatMul (q, b) s = Relu (r) t = MatMul (s, c) u = Relu (t) y = MatMul (u, d)
}"""
RESIDUAL = """g (float[N,3,6,6] x) => (float[N,5,6,6] y)
    <float[8,3,1,1] a, float[10,8,3,3] b, float[8,10,1,1] c, float[5,8,1,1] d> {
  p = Conv (x, a) q = Conv <pads=[1,1,1,1]> (p, b) r = Relu (q) s = Conv (r, c) t = Add (p, s) y = Conv (t, d)
}"""
every_text = pytest.mark.parametrize("text", [MLP, CNN, DEEP, RESIDUAL], ids=["rows", "images", "deep", "residual"])


@contextmanager
def goals_of(text: str, sizes: tuple[int, ...]) -> Iterator[Goals]:
    """The goals of all layers of a model of which nothing was removed."""
    subject = model(text)
    graph = observe(subject)
    with Stream(subject, graph, feeds(subject, sizes)) as stream:
        yield Goals(stream, tuple(layers_of(graph)), kept=lambda _, array: array, seed=0)


@every_text
@pytest.mark.parametrize("ahead", [1 << 24, 1], ids=["all at once", "one by one"])
def test_goals_are_rows_of_what_the_original_computes(text, ahead, monkeypatch):
    monkeypatch.setattr(module, "AHEAD_NUMBERS", ahead)
    subject, sizes = model(text), (64,) * 4
    layers = tuple(layers_of(observe(subject)))
    session = Session(subject, watch=[layer.comparison_point for layer in layers])
    whole = [session.run(feed) for feed in feeds(subject, sizes)]
    with goals_of(text, sizes) as goals:
        for layer in layers:
            found = goals.take(layer)
            assert [goal.batch for goal in found] == [0, 1, 2, 3]
            for goal in found:
                rows = targets(layer.bound, layer.of, whole[goal.batch][layer.comparison_point], goal.chosen)
                assert np.allclose(goal.rows, rows, atol=1e-4)


def test_rows_are_as_many_as_a_layer_wishes_where_there_are_enough():
    layer = next(iter(layers_of(observe(model(CNN)))))
    with goals_of(CNN, (512,) * 16) as goals:
        found = goals.take(layer)
    assert n_wished(layer) <= sum(len(goal.chosen) for goal in found) < 1.1 * n_wished(layer)
    assert len(found) * 512 >= FEWEST_SAMPLES


def test_goals_are_drawn_the_same_way_every_time():
    layer = next(iter(layers_of(observe(model(CNN)))))
    with goals_of(CNN, (64,) * 4) as first, goals_of(CNN, (64,) * 4) as second:
        pairs = zip(first.take(layer), second.take(layer), strict=True)
        assert all(np.array_equal(one.chosen, other.chosen) for one, other in pairs)


def test_layer_of_many_rows_takes_them_from_some_batches_alone():
    layer, *others = layers_of(observe(model(CNN)))
    with goals_of(CNN, (64,) * 32) as goals:
        found, last = goals.take(layer), [goals.take(other) for other in others][-1]
    assert len(found) < 32
    assert [goal.batch for goal in found] == [*range(0, 32, 32 // len(found))]
    assert len(last) >= len(found)


def test_tensors_before_the_first_cut_differ_in_nothing():
    subject = model(DEEP)
    trace = traced_model(subject)
    smaller = cut(subject, trace, plan_of(trace, c=[1, 2]))
    assert differing(trace.graph, observe(smaller)) == {"t", "u", "y"}


def test_a_weight_of_other_content_makes_a_difference_too():
    subject = model(DEEP)
    other = reweigh(subject, {"b": np.zeros((8, 8), np.float32)})
    assert differing(observe(subject), observe(other)) == {"r", "s", "t", "u", "y"}


def test_nothing_differs_where_nothing_was_done():
    graph = observe(model(RESIDUAL))
    assert differing(graph, graph) == frozenset()


def test_samples_that_count_for_less_make_half_as_many_rows_of_less_weight():
    subject = model(CNN)
    graph = observe(subject)
    (layer, *_) = layers = tuple(layers_of(graph))
    weights = (1.0, 0.25, 0.25, 0.25)
    with Stream(subject, graph, feeds(subject, (64,) * 4)) as stream:
        goals = Goals(stream, layers, kept=lambda _, array: array, seed=0, weights=weights)
        found = goals.take(layer)
    counts = [len(goal.chosen) for goal in found]
    assert counts == [4096, 683, 683, 683]
    assert [goal.weight * count for goal, count in zip(found, counts, strict=True)] == pytest.approx([64, 16, 16, 16])
