"""Attacks: steps within the range and epsilon, stopped at success, and slopes estimated from outputs."""

from __future__ import annotations

import math

import numpy as np
import pytest

from paoding_onnx.errors import UsageError
from paoding_onnx.evaluation.dataset import Range
from paoding_onnx.robustness.attacks import Attack, Walk, estimate, fgsm, pgd

UNIT = Range(np.array(0.0), np.array(1.0))


@pytest.mark.parametrize(
    "wrong",
    [
        {"epsilons": ()},
        {"epsilons": (0.0,)},
        {"epsilons": (2.0,)},
        {"epsilons": (math.nan,)},
        {"method": "guess"},
        {"steps": 0},
        {"queries": 0},
        {"seed": -1},
        {"value_range": (1, 0)},
        {"value_range": (0, math.inf)},
    ],
)
def test_attacks_out_of_range_are_refused(wrong):
    with pytest.raises(UsageError):
        Attack(**wrong)


def test_one_step_stays_within_the_range():
    x = np.array([[0.02, 0.5, 0.99]], np.float32)
    moved = fgsm(x, np.array([[-3.0, 0.0, 1e-9]]), 0.05, UNIT)
    np.testing.assert_allclose(moved, [[0, 0.5, 1]])
    assert moved.dtype == np.float32


def test_channels_move_by_their_own_ranges():
    bounds = Range(np.array([[[-2.0]], [[0.0]]]), np.array([[[2.0]], [[1.0]]]))
    moved = fgsm(np.zeros((1, 2, 1, 1)), np.ones((1, 2, 1, 1)), 0.1, bounds)
    np.testing.assert_allclose(moved.reshape(-1), [0.4, 0.1])


def test_several_steps_stay_within_epsilon_and_stop_at_success():
    x = np.full((2, 1), 0.5, np.float32)
    found = pgd(
        x,
        np.zeros(2, np.int64),
        lambda inputs, labels: np.ones(inputs.shape),
        lambda inputs, labels: inputs[:, 0] < 0.54,
        Walk(0.1, UNIT, 20, (0,)),
    )
    assert (np.abs(found - x) <= 0.1 + 1e-6).all()
    assert (found[:, 0] >= 0.54).all()
    assert (found[:, 0] < 0.6).all()


def test_many_values_are_estimated_from_random_directions():
    weights = np.random.default_rng(5).standard_normal(400)
    direction = estimate(lambda x, labels: x @ weights, bounds=UNIT, queries=200, rng=np.random.default_rng(0))
    found = direction(np.zeros((1, 400)), np.zeros(1, np.int64))[0]
    assert np.corrcoef(found, weights)[0, 1] > 0.4
