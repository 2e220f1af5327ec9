"""Weights as shares of their size: the same network and loss, gradients to match, and a size for every unit."""

from __future__ import annotations

import numpy as np
import pytest

from paoding_onnx.recovery.engine import Engine
from paoding_onnx.recovery.relative import LEAST, LEAST_OF_LAYER, Relative, sizes_of
from tests.pruning import CNN, MLP
from tests.recovery.lessons_for import batch_of, lesson_of, student_of

DEPTHWISE = """g (float[N,3,8,8] x) => (float[N,2] y)
    <float[6,3,1,1] a, float[6,1,3,3] d, float[2,6] c> {
  p = Conv (x, a) q = Relu (p) r = Conv <group=6> (q, d) s = GlobalAveragePool (r) t = Flatten (s)
  y = Gemm <transB=1, alpha=0.5> (t, c)
}"""


def relative_of(text):
    student = student_of(lesson_of(text))
    network = student.network
    return student, network, Relative(Engine(network), sizes_of(network.trained, network.weights))


@pytest.mark.parametrize("text", [MLP, CNN, DEPTHWISE], ids=["mlp", "cnn", "depthwise"])
def test_same_network_told_otherwise(text):
    student, network, engine = relative_of(text)
    told, batch = engine.told(network.weights), batch_of(student)
    for name, value in engine.whole(told).items():
        np.testing.assert_allclose(value, network.weights[name], rtol=1e-5)
    assert engine.loss(told, batch) == pytest.approx(engine.engine.loss(network.weights, batch), rel=1e-2)
    assert engine.answers(told, batch).keys() == engine.engine.answers(network.weights, batch).keys()


@pytest.mark.parametrize("text", [MLP, CNN, DEPTHWISE], ids=["mlp", "cnn", "depthwise"])
def test_gradients_are_those_of_the_shares(text):
    student, network, engine = relative_of(text)
    told, batch = engine.told(network.weights), batch_of(student)
    slope = engine.loss_and_gradients(told, batch)
    for name, gradient in slope.gradients.items():
        way = np.zeros_like(gradient)
        way.flat[int(np.abs(gradient).argmax())] = 1
        high, low = (engine.loss({**told, name: told[name] + sign * way}, batch) for sign in (1e-2, -1e-2))
        assert (high - low) / 2e-2 == pytest.approx(float((gradient * way).sum()), rel=0.1, abs=1e-3)


def test_units_have_sizes_of_their_own_in_whatever_order_axes_are():
    student, network, _ = relative_of(DEPTHWISE)
    weights = {name: np.ones_like(value) for name, value in network.weights.items()}
    for layer in network.trained.layers:
        weights[layer.weight][0] = 4.0  # the first of the units that it makes
    found = sizes_of(student.network.trained, weights)
    for layer in network.trained.layers:
        size = found[layer.weight]
        np.testing.assert_allclose(size[0], 4)
        np.testing.assert_allclose(size[1:], 1)


def test_nothing_is_too_small_to_move():
    _, network, _ = relative_of(MLP)
    weights = {name: np.zeros_like(value) for name, value in network.weights.items()}
    layer = network.trained.layers[0].weight
    weights[layer][0] = 1.0  # one input reaches all units
    assert {float(v.min()) for n, v in sizes_of(network.trained, weights).items() if n != layer} == {np.float32(LEAST)}
    weights[layer][:] = 0.0
    weights[layer][0, 0] = 1.0
    size = sizes_of(network.trained, weights)[layer]
    assert float(size.min()) == pytest.approx(LEAST_OF_LAYER * float(np.sqrt(np.square(weights[layer]).mean())))
