"""What units do on inputs: mean and covariance where they are consumed, statistics of these inputs."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pytest
from numpy.typing import NDArray

from paoding_onnx.context import Run
from paoding_onnx.layerwise import statistics
from paoding_onnx.layerwise.statistics import FAINT, consumer_axes, observe_units
from paoding_onnx.model.load import Model
from paoding_onnx.model.nodes import Array
from paoding_onnx.model.read import constants
from paoding_onnx.model.session import Session
from paoding_onnx.surgery.cut import reweigh
from tests.models import model
from tests.pruning import CNN, MLP, feeds, observed, planted, traced_model

FLAT = """g (float[N,3,4,4] x) => (float[N,2] y) <float[5,3,1,1] a, float[80,2] b> {
  p = Conv (x, a) q = Relu (p) f = Flatten (q) y = MatMul (f, b)
}"""
TOKENS = """g (float[N,5,6] x) => (float[N,5,3] y) <float[6,4] a, float[4,3] b> {
  p = MatMul (x, a) q = Relu (p) y = MatMul (q, b)
}"""
JOINED = """g (float[N,3,4,4] x) => (float[N,2,4,4] y) <float[5,3,1,1] a, float[4,3,1,1] c, float[2,9,1,1] b> {
  p = Conv (x, a) q = Conv (x, c) f = Concat <axis=1> (p, q) y = Conv (f, b)
}"""
STREAM = """g (float[N,3,8,8] x) => (float[N,5,8,8] y)
    <float[4,3,1,1] a, float[6,4,3,3] b, float[4,6,1,1] c, float[5,4,1,1] d> {
  p = Conv (x, a) q = Conv <pads=[1,1,1,1]> (p, b) r = Relu (q) s = Conv (r, c) t = Add (p, s) y = Conv (t, d)
}"""
NORMED = """g (float[N,3,6,6] x) => (float[N,2,6,6] y)
    <float[4,3,3,3] a, float[4] s, float[4] o, float[4] m, float[4] v,
     float[5,4,1,1] b, float[5] s2, float[5] o2, float[5] m2, float[5] v2, float[2,5,1,1] c> {
  p = Conv <pads=[1,1,1,1]> (x, a) n = BatchNormalization (p, s, o, m, v) r = Relu (n)
  q = Conv (r, b) k = BatchNormalization (q, s2, o2, m2, v2) t = Relu (k) y = Conv (t, c)
}"""
SIZES = (64, 64, 64, 64)


def tensor(subject: Model, name: str) -> Array:
    """An inner tensor on the inputs of `feeds`, all batches together."""
    session = Session(subject, watch=[name])
    return np.concatenate([session.run(feed)[name] for feed in feeds(subject, SIZES)])


def rows(value: Array, axis: int) -> NDArray[np.float64]:
    """The units on an axis, a row for each sample and position."""
    return np.moveaxis(value, axis, -1).reshape(-1, value.shape[axis]).astype(np.float64)


@pytest.mark.parametrize(
    ("text", "name", "axis", "key"),
    [
        (MLP, "r", 1, (0, 3)),
        (MLP, "t", 1, (16, 5)),
        (CNN, "r", 1, (0, 3)),
        (CNN, "v", 1, (8, 7)),
        (TOKENS, "q", 2, (0, 2)),
        (STREAM, "p", 1, (0, 1)),
        (STREAM, "t", 1, (0, 5)),
        (STREAM, "r", 1, (4, 3)),
    ],
    ids=["Gemm", "MatMul", "Conv", "Flatten", "tokens", "stream before", "stream after", "branch"],
)
def test_moments_are_those_of_the_tensor_that_is_consumed(text, name, axis, key):
    subject = model(text)
    found = observed(subject, sizes=SIZES).units[key]
    wanted = rows(tensor(subject, name), axis)
    np.testing.assert_allclose(found.mean, wanted.mean(0), atol=1e-5)
    np.testing.assert_allclose(found.covariance, np.cov(wanted.T, bias=True), atol=1e-4)


def test_moments_of_another_tensor_would_be_noticed():
    subject = model(MLP)
    wanted = rows(tensor(subject, "s"), 1)
    assert np.abs(observed(subject, sizes=SIZES).units[16, 5].mean - wanted.mean(0)).max() > 0.1


def test_unit_with_several_positions_counts_each():
    subject = model(FLAT)
    found = observed(subject, sizes=SIZES).units[0, 3]
    wanted = rows(tensor(subject, "q"), 1)
    assert found.mean.shape == (5,)
    np.testing.assert_allclose(found.mean, wanted.mean(0), atol=1e-5)
    np.testing.assert_allclose(found.covariance, np.cov(wanted.T, bias=True), atol=1e-4)


@pytest.mark.parametrize(("name", "start"), [("p", 0), ("q", 5)])
def test_groups_that_share_an_axis_have_moments_of_their_own(name, start):
    subject = model(JOINED)
    found = observed(subject, sizes=SIZES).units[start, 3]
    wanted = rows(tensor(subject, name), 1)
    np.testing.assert_allclose(found.mean, wanted.mean(0), atol=1e-5)
    np.testing.assert_allclose(found.covariance, np.cov(wanted.T, bias=True), atol=1e-4)


def test_units_meet_every_site_that_consumes_them_once_in_running_order():
    met = [
        (consumer_axis.group.start, consumer_axis.node_index)
        for consumer_axis in consumer_axes(traced_model(model(STREAM)))
    ]
    assert met == [(0, 1), (4, 3), (0, 5)]


def test_layer_that_works_channel_by_channel_consumes_nothing():
    assert {consumer_axis.node_index for consumer_axis in consumer_axes(traced_model(model(CNN)))} == {3, 7, 9}


def test_uneven_batches_weigh_as_much_as_they_hold():
    subject = model(MLP)
    found = observe_units(subject, traced_model(subject), feeds(subject, (100, 3)), Run(), renormalise=False)
    session = Session(subject, watch=["r"])
    wanted = np.concatenate([session.run(feed)["r"] for feed in feeds(subject, (100, 3))])
    np.testing.assert_allclose(found.units[0, 3].mean, wanted.mean(0), atol=1e-5)


def test_many_positions_are_sampled(monkeypatch):
    subject = model(CNN)
    everything = observed(subject, sizes=SIZES).units[0, 3]
    monkeypatch.setattr(statistics, "MOST_ROWS", 2000)
    some = observed(subject, sizes=SIZES).units[0, 3]
    assert not np.array_equal(some.mean, everything.mean)
    np.testing.assert_allclose(some.mean, everything.mean, atol=0.1)


def stored(subject: Model) -> Mapping[str, Array]:
    """The stored statistics of `NORMED` on random inputs."""
    return observed(subject, renormalise=True, sizes=SIZES).normalization


@pytest.mark.parametrize(("name", "mean", "variance"), [("p", "m", "v"), ("q", "m2", "v2")])
def test_renormalised_network_has_the_statistics_that_it_works_with(name, mean, variance):
    subject = model(NORMED)
    found = stored(subject)
    assert found.keys() == {"m", "v", "m2", "v2"}
    seen = rows(tensor(reweigh(subject, found), name), 1)
    np.testing.assert_allclose(found[mean], seen.mean(0), atol=1e-4)
    np.testing.assert_allclose(found[variance], seen.var(0), rtol=1e-3)


def test_stored_statistics_are_others():
    subject = model(NORMED)
    assert np.abs(stored(subject)["m2"] - constants(subject)["m2"]).max() > 0.1


def test_units_are_seen_in_the_renormalised_network():
    subject = model(NORMED)
    found = observed(subject, renormalise=True, sizes=SIZES)
    wanted = rows(tensor(reweigh(subject, found.normalization), "t"), 1)
    np.testing.assert_allclose(found.units[4, 6].mean, wanted.mean(0), atol=1e-4)


def test_statistics_stay_where_inputs_are_real():
    subject = model(NORMED)
    found = observed(subject, sizes=SIZES)
    assert not found.normalization
    np.testing.assert_allclose(found.units[4, 6].mean, rows(tensor(subject, "t"), 1).mean(0), atol=1e-5)


def test_variance_of_a_silent_channel_is_not_taken_to_be_nothing():
    def plant(weights):
        weights["a"][2] = 0

    subject = planted(NORMED, plant)
    assert stored(subject)["v"][2] == pytest.approx(FAINT * constants(subject)["v"][2])


def test_statistics_that_other_nodes_read_stay():
    text = NORMED.replace("s2, o2, m2, v2)", "s2, o2, s2, v2)").replace("float[5] m2, ", "")
    assert stored(model(text)).keys() == {"m", "v"}


def test_statistics_keep_their_type():
    found = stored(model(NORMED.replace("float[", "float16[")))
    assert {value.dtype for value in found.values()} == {np.dtype(np.float16)}


def test_little_memory_gives_the_same():
    subject = model(NORMED)
    trace, given = traced_model(subject), feeds(subject, (8, 8))
    much, little = (
        observe_units(subject, trace, given, Run(memory=memory), renormalise=True) for memory in (1 << 30, 1)
    )
    assert all(np.array_equal(much.normalization[name], little.normalization[name]) for name in much.normalization)
    assert all(np.array_equal(much.units[key].covariance, little.units[key].covariance) for key in much.units)


def test_every_second_batch_has_moments_of_its_own():
    subject = model(MLP)
    first, others = feeds(subject, (50, 70))
    both = observe_units(subject, traced_model(subject), [first, others], Run(), renormalise=False)
    alone = observe_units(subject, traced_model(subject), [first], Run(), renormalise=False)
    for key, half in both.halved.items():
        assert (half.count, both.units[key].count) == (50, 120)
        np.testing.assert_allclose(half.covariance, alone.units[key].covariance, atol=1e-6)


def correlated(count: int, n_units: int) -> NDArray[np.float64]:
    """Units that a few causes have in common, seen at so many places."""
    rng = np.random.default_rng(0)
    return rng.standard_normal((count, 4)) @ rng.standard_normal((4, n_units)) + rng.standard_normal((count, n_units))


def unexplained(covariance: NDArray[np.float64], rows: NDArray[np.float64]) -> float:
    """Share of the first unit that the others leave open where nobody looked."""
    share = np.linalg.solve(covariance[1:, 1:], covariance[1:, 0])
    return float(np.mean((rows[:, 0] - rows[:, 1:] @ share) ** 2) / rows[:, 0].var())


def test_units_seen_at_few_places_stand_in_for_others_less():
    rows = correlated(4000, 60)
    plain, elsewhere = np.cov(rows[:40].T), rows[2000:]
    shrunk = unexplained(statistics.damped(plain, 40), elsewhere)
    assert shrunk < 0.8
    assert shrunk < 0.9 * unexplained(statistics.damped(plain, 10**6), elsewhere)


def test_units_seen_often_are_not_shrunk():
    covariance = np.cov(correlated(4000, 10).T)
    off = ~np.eye(10, dtype=bool)
    np.testing.assert_allclose(statistics.damped(covariance, 4000)[off], covariance[off])


def test_batches_count_as_much_as_their_weights_say():
    subject = model(MLP)
    trace = traced_model(subject)
    first, second = feeds(subject, (16, 16))
    weighted = observe_units(subject, trace, (first, second), Run(), renormalise=False, weights=(1.0, 0.5))
    twice = observe_units(subject, trace, (first, first, second), Run(), renormalise=False)
    for key, found in weighted.units.items():
        np.testing.assert_allclose(found.mean, twice.units[key].mean, rtol=1e-4)
        np.testing.assert_allclose(found.covariance, twice.units[key].covariance, rtol=1e-3, atol=1e-6)
        assert found.count == 24
