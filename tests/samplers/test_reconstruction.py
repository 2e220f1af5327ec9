"""The default sampler: what the others can stand in for goes first, whoever consumes it."""

from __future__ import annotations

from dataclasses import replace
from importlib import import_module

import numpy as np
import pytest

from paoding_onnx.dependency.trace import Role
from paoding_onnx.layerwise.statistics import damped
from paoding_onnx.layerwise.weights import Candidate, View
from paoding_onnx.model.load import Model
from paoding_onnx.samplers.magnitude import magnitude
from paoding_onnx.samplers.reconstruction import reconstruction, weight_gram
from tests.models import model
from tests.pruning import CNN, MLP, observed_view, planted, whole_view

STREAM = """g (float[N,8] x) => (float[N,3] y) <float[8,6] a, float[6,5] b, float[5,6] c, float[6,3] d> {
  p = MatMul (x, a) q = MatMul (p, b) r = Relu (q) s = MatMul (r, c) t = Add (p, s) y = MatMul (t, d)
}"""
"""The stream of 6 units is consumed twice."""
HEADS = """g (float[N,8] x) => (float[N,3] y, float[N,4] z) <float[8,6] a, float[6,3] b, float[6,4] c> {
  p = MatMul (x, a) q = Relu (p) y = MatMul (q, b) z = MatMul (q, c)
}"""
WIDE = "g (float[N,9] x) => (float[N,4] y) <float[9,6] a, float[6,4] b> { p = MatMul (x, a) y = MatMul (p, b) }"


def ranked(view: View, count: int | None = None, group: int = 0) -> tuple[Candidate, ...]:
    """Candidates of a group, all but one of its units where no count is given."""
    of = view.trace.groups[group]
    return reconstruction(view, of, of.n_units - 1 if count is None else count, np.random.default_rng(0))


def order(subject: Model, group: int = 0) -> list[int]:
    """Units of a group in the order of their going, counted from 0."""
    view = observed_view(subject)
    return [candidate.unit - view.trace.groups[group].start for candidate in ranked(view, group=group)]


def test_one_of_two_equal_units_goes_first():
    def plant(weights):
        weights["a"][:, 3], weights["ab"][3] = weights["a"][:, 9], weights["ab"][9]

    assert order(planted(MLP, plant))[0] in (3, 9)


def test_unit_that_is_a_multiple_of_another_is_as_good_as_equal():
    def plant(weights):
        weights["a"][:, 3], weights["ab"][3] = 5 * weights["a"][:, 9], 5 * weights["ab"][9]

    assert order(planted(MLP, plant))[0] in (3, 9)


def test_one_of_the_units_of_a_linear_combination_goes_first():
    def plant(weights):
        weights["a"][:, 4] = 2 * weights["a"][:, 1] - weights["a"][:, 2] + 0.5 * weights["a"][:, 5]

    assert order(planted(WIDE, plant))[0] in (1, 2, 4, 5)


def test_nothing_is_lost_with_a_linear_combination():
    def plant(weights):
        weights["a"][:, 4] = 2 * weights["a"][:, 1] - weights["a"][:, 2]

    first, second, *_ = ranked(observed_view(planted(WIDE, plant)))
    assert first.score < 1e-2 < second.score


def test_constant_unit_goes_first():
    def plant(weights):
        weights["a"][:, 7], weights["ab"][7] = 0, 10

    assert order(planted(MLP, plant))[0] == 7


def test_unit_that_nobody_listens_to_goes_first():
    def plant(weights):
        weights["b"][7] = 0
        weights["a"][:, 7] *= 10

    assert order(planted(MLP, plant))[0] == 7


def test_loud_unit_that_everybody_listens_to_stays_longest():
    def plant(weights):
        weights["a"][:, 7] *= 10

    assert 7 not in order(planted(MLP, plant))


def test_channels_are_ranked_like_units():
    def plant(weights):
        weights["e"][11] = weights["e"][2]

    assert order(planted(CNN, plant), group=1)[0] in (2, 11)


def test_unit_behind_a_flatten_is_ranked_by_all_its_positions():
    text = """g (float[N,3,4,4] x) => (float[N,2] y) <float[5,3,1,1] a, float[80,2] b> {
      p = Conv (x, a) q = Relu (p) f = Flatten (q) y = MatMul (f, b)
    }"""

    def plant(weights):
        weights["b"][48:64] = 0

    assert order(planted(text, plant))[0] == 3


def test_unit_that_only_one_of_two_consumers_needs_stays():
    def plant(weights):
        weights["b"][[1, 4]] = 0
        weights["c"][4] = 0

    assert order(planted(HEADS, plant))[0] == 4


def test_stream_counts_what_both_its_consumers_compute():
    def plant(weights):
        weights["b"][[1, 4]] = 0
        weights["d"][4] = 0
        weights["c"][:, 4] = 0

    assert order(planted(STREAM, plant))[0] == 4


def test_consumers_weigh_alike_whatever_the_size_of_their_weights():
    def plant(weights):
        weights["b"] *= 100

    first, second = (order(planted(HEADS, change)) for change in (plant, lambda _: None))
    assert first == second


def _known(view, parameter_axis):
    seen = view.unit_statistics[0, parameter_axis.node_index]
    return seen.covariance, seen.count


def test_last_unit_left_is_the_one_that_explains_most():
    view = observed_view(model(WIDE))
    (group,) = view.trace.groups
    (parameter_axis,) = group.having(Role.CONSUMES)
    covariance = damped(*_known(view, parameter_axis))
    gram = weight_gram(view, group, parameter_axis)
    explained = np.diagonal(covariance @ gram @ covariance) / np.diagonal(covariance)
    (left,) = {*range(6)} - {candidate.unit for candidate in ranked(view)}
    assert left == explained.argmax()


def test_scores_say_how_much_of_the_output_is_lost():
    """Least squares on the kept units explains all of the output but the score."""
    view = observed_view(model(WIDE))
    (group,) = view.trace.groups
    (parameter_axis,) = group.having(Role.CONSUMES)
    candidates = ranked(view)
    covariance, gram = (
        damped(*_known(view, parameter_axis)),
        weight_gram(view, group, parameter_axis),
    )
    for count in range(1, 6):
        kept = sorted({*range(6)} - {candidate.unit for candidate in candidates[:count]})
        part = covariance[:, kept]
        residual = covariance - part @ np.linalg.solve(covariance[np.ix_(kept, kept)], part.T)
        lost = (gram * residual).sum() / (gram * covariance).sum()
        assert candidates[count - 1].score == pytest.approx(lost, rel=0.02, abs=1e-4)


def test_scores_grow():
    scores = [candidate.score for candidate in ranked(observed_view(model(MLP)))]
    assert scores == sorted(scores)
    assert scores[0] < scores[-1]


def test_fewer_candidates_are_the_first_ones():
    view = observed_view(model(MLP))
    assert ranked(view, 5) == ranked(view)[:5]


def test_units_that_are_gone_are_no_candidates():
    view = observed_view(model(MLP))
    removed = view.removed.copy()
    removed[[2, 5]] = True
    found = ranked(replace(view, removed=removed), 13)
    assert {candidate.unit for candidate in found}.isdisjoint({2, 5})
    assert len(found) == 13


def test_no_candidate_has_a_twin():
    assert {candidate.merge_target for candidate in ranked(observed_view(model(MLP)))} == {None}


def test_group_that_was_not_observed_is_ranked_by_magnitude():
    view = whole_view(model(MLP))
    rng = np.random.default_rng(0)
    assert ranked(view) == magnitude(view, view.trace.groups[0], 15, rng)


def test_large_groups_are_ranked_several_units_a_round(monkeypatch):
    def plant(weights):
        weights["a"][:, [3, 7, 8]] = 0

    monkeypatch.setattr(import_module("paoding_onnx.samplers.reconstruction"), "MOST_ROUNDS", 4)
    found = order(planted(MLP, plant))
    assert len(set(found)) == 15
    assert set(found[:3]) == {3, 7, 8}


def test_order_does_not_depend_on_the_generator():
    view = observed_view(model(MLP))
    first, second = (reconstruction(view, view.trace.groups[0], 8, np.random.default_rng(seed)) for seed in (0, 1))
    assert first == second


def test_units_that_are_all_silent_are_ranked_all_the_same():
    def plant(weights):
        weights["a"][:] = 0
        weights["ab"][:] = 0

    assert len(set(order(planted(MLP, plant)))) == 15
