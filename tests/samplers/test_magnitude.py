"""SCORE: which units a sampler names first, checked by hand on small layers and by units that nobody can miss."""

from __future__ import annotations

import numpy as np
import pytest

from paoding_onnx.api import prune
from paoding_onnx.layerwise.weights import View
from paoding_onnx.options import Options
from paoding_onnx.samplers import METHODS, at_random, paoding
from paoding_onnx.samplers.magnitude import channel_scale, magnitude
from paoding_onnx.samplers.pairwise import pairwise
from tests.models import model
from tests.pruning import CNN, MLP, moved, plan_of, planted, skip_latency, whole_view

THREE = """g (float[1,2] x) => (float[1,1] y) <float[2,3] a={3,0,1,4,1,0}, float[3,1] b={1,2,10}> {
  p = MatMul (x, a) y = MatMul (p, b)
}"""
"""Columns of a have L2 norms 5, 1 and 1, L1 norms 7, 1 and 1."""

CHANNELS = """g (float[1,2,1,1] x) => (float[1,1,1,1] y)
    <float[4,2,1,1] a={3,-4,1,0,-1,-1,0,5}, float[3,4,1,1] b={1,2,3,4,5,6,7,8,-9,9,1,1}, float[1,3,1,1] c> {
  p = Conv (x, a) q = Conv (p, b) y = Conv (q, c)
}"""
"""Mean absolute weights of the channels of a: 3.5, 0.5, 1, 2.5."""


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    skip_latency(monkeypatch)


def ranked(sampler, subject, group=0, count=99, *, seed=0, removed=None):
    """Units of a group, counted from 0, with their scores, in the order in which the sampler names them."""
    view = whole_view(model(subject) if isinstance(subject, str) else subject)
    view = View(view.trace, view.removed if removed is None else removed, {})
    group = view.trace.groups[group]
    found = sampler(view, group, count, np.random.default_rng(seed))
    return [candidate.unit - group.start for candidate in found], [candidate.score for candidate in found]


def test_magnitude_is_the_product_of_incoming_and_outgoing_norm():
    units, scores = ranked(magnitude, THREE)
    assert units == [1, 0, 2]
    np.testing.assert_allclose(scores, [1 * 2, 5 * 1, 1 * 10])


def test_magnitude_counts_every_consumer():
    text = """g (float[1,2] x) => (float[1,1] y, float[1,1] z)
        <float[2,3] a={3,0,1,4,1,0}, float[3,1] b={3,3,3}, float[3,1] c={4,0,0}> {
      p = MatMul (x, a) y = MatMul (p, b) z = MatMul (p, c)
    }"""
    units, scores = ranked(magnitude, text)
    assert units == [1, 2, 0]
    np.testing.assert_allclose(scores, [1 * 3, 1 * 3, 5 * 5])


def test_channel_scale_is_the_mean_absolute_weight_ascending():
    assert ranked(channel_scale, CHANNELS) == ([1, 2, 3, 0], [0.5, 1.0, 2.5, 3.5])


def test_channel_scale_ranks_over_the_inputs_that_are_still_there():
    trace = whole_view(model(CHANNELS)).trace
    removed = plan_of(trace, a=[0, 1]).removed
    assert ranked(channel_scale, CHANNELS, 1, removed=removed) == ([2, 0, 1], [1.0, 3.5, 7.5])


def test_channel_scale_of_channels_that_two_layers_make_is_the_sum():
    text = """g (float[1,1,1,1] x) => (float[1,1,1,1] y)
        <float[3,1,1,1] a={5,-2,1}, float[3,1,1,1] b={-1,1,7}, float[1,3,1,1] c> {
      p = Conv (x, a) q = Conv (x, b) r = Add (p, q) y = Conv (r, c)
    }"""
    assert ranked(channel_scale, text) == ([1, 0, 2], [3.0, 6.0, 8.0])


@pytest.mark.parametrize("sampler", [channel_scale, magnitude])
def test_ties_break_by_unit_number(sampler):
    def plant(weights):
        weights["a"][:] = weights["b"][:] = 1
        weights["a"][:, ::2] = 3

    subject = planted(MLP.replace("16", "99"), plant)
    assert ranked(sampler, subject)[0] == [*range(1, 99, 2), *range(0, 99, 2)]


@pytest.mark.parametrize("sampler", [channel_scale, magnitude, at_random, paoding])
def test_only_as_many_units_as_asked_for_are_named_and_none_twice(sampler):
    units, _ = ranked(sampler, MLP, count=5)
    assert len(units) == len(set(units)) == 5


@pytest.mark.parametrize("sampler", [channel_scale, magnitude, at_random, paoding])
def test_units_that_are_gone_are_not_named(sampler):
    removed = plan_of(whole_view(model(MLP)).trace, a=[0, 1, 2, 3, 4, 5]).removed
    assert set(ranked(sampler, MLP, removed=removed)[0]) <= set(range(6, 16))


def test_random_units_depend_on_the_seed_only():
    assert ranked(at_random, MLP, seed=1)[0] == ranked(at_random, model(MLP, seed=9), seed=1)[0]
    assert ranked(at_random, MLP, seed=1)[0] != ranked(at_random, MLP, seed=2)[0]


def test_random_units_are_all_units():
    assert sorted(ranked(at_random, MLP)[0]) == list(range(16))


@pytest.mark.parametrize("group", [0, 1])
def test_paoding_ranks_channels_by_scale(group):
    assert ranked(paoding, CNN, group) == ranked(channel_scale, CNN, group)


@pytest.mark.parametrize(("text", "group"), [(MLP, 0), (MLP, 1), (CNN, 2)])
def test_paoding_pairs_dense_units(text, group):
    assert ranked(paoding, text, group) == ranked(pairwise, text, group)
    assert ranked(paoding, text, group) != ranked(channel_scale, text, group)


def test_only_the_papers_method_depends_on_earlier_steps():
    assert [name for name, method in METHODS.items() if method.is_progressive] == ["paoding"]


def unread(weights):
    weights["b"][[2, 5, 11, 14]] = 0
    weights["c"][[1, 4, 9]] = 0


def silent(weights):
    for name, units in (("a", [2, 5, 11, 14]), ("b", [1, 4, 9])):
        weights[name][:, units] = 0
        weights[f"{name}b"][units] = 0


@pytest.mark.parametrize("plant", [unread, silent])
@pytest.mark.parametrize("method", ["paoding", "magnitude"])
def test_dead_units_of_dense_layers_go_first(plant, method):
    subject = planted(MLP, plant)
    result = prune(subject, options=Options(target=0.25, method=method, round_to=1))
    assert np.flatnonzero(result.plan.removed).tolist() == [2, 5, 11, 14, 16 + 1, 16 + 4, 16 + 9]
    assert moved(subject, result.model) < 1e-6


def silent_channels(weights):
    for name in ("a", "ab", "d", "db"):
        weights[name][[3, 6]] = 0
    weights["e"][[0, 7, 8, 15]] = 0
    weights["f"][[2, 9]] = 0


@pytest.mark.parametrize("method", ["paoding", "magnitude"])
def test_dead_channels_go_first(method):
    subject = planted(CNN, silent_channels)
    result = prune(subject, options=Options(target=0.25, method=method, round_to=1))
    assert np.flatnonzero(result.plan.removed).tolist() == [3, 6, 8 + 0, 8 + 7, 8 + 8, 8 + 15, 24 + 2, 24 + 9]
    assert moved(subject, result.model) < 1e-6


def test_random_does_not_spare_what_matters():
    subject = planted(MLP, unread)
    result = prune(subject, options=Options(target=0.25, method="random", round_to=1))
    assert moved(subject, result.model) > 1e-3
