"""Gradient descent: where it ends, what it averages, and when it gives up."""

from __future__ import annotations

import numpy as np
import pytest

from paoding_onnx.errors import ModelError
from paoding_onnx.recovery.descent import LOWEST, Schedule, Slope, descend

GOAL = np.array([1.0, -2.0, 0.5], np.float32)


class Bowl:
    """Squares of the distance from a goal, times a factor."""

    def __init__(self, factor=1.0):
        self.factor = np.float32(factor)

    def loss_and_gradients(self, weights, batch):
        off = weights["w"] - GOAL
        return Slope(float(self.factor * (off * off).sum()), {"w": 2 * self.factor * off})


def run(network, steps=200, rate=0.05):
    heard = []
    found = descend(
        {"w": np.zeros(3, np.float32)},
        network,
        lambda _: [{}],
        Schedule(steps, rate),
        lambda step, loss: heard.append((step, loss)),
    )
    return found["w"], heard


def test_descent_ends_at_the_lowest_place():
    found, heard = run(Bowl())
    np.testing.assert_allclose(found, GOAL, atol=1e-2)
    assert [step for step, _ in heard] == list(range(200))
    assert heard[-1][1] < 1e-3 * heard[0][1]


def test_scale_of_the_loss_hardly_matters():
    np.testing.assert_allclose(run(Bowl(1e-3))[0], run(Bowl(1.0))[0], atol=1e-2)


def test_rate_rises_then_falls_and_leaves_some():
    rates = [Schedule(300, 1.0).rate_at(step) for step in range(300)]
    assert rates[0] < rates[10] < rates[19] > rates[150] > rates[299]
    assert rates[299] == pytest.approx(LOWEST, abs=1e-3)


def test_loss_that_is_no_number_ends_it():
    with pytest.raises(ModelError, match="step 1 has no finite gradient"):
        run(Bowl(np.nan))


def test_weights_that_were_given_stay_as_they_are():
    start = np.zeros(3, np.float32)
    descend({"w": start}, Bowl(), lambda _: [{}], Schedule(3, 0.1), lambda *_: None)
    assert not start.any()


def test_step_goes_by_the_mean_of_its_batches():
    class Twice(Bowl):
        """One bowl after the other, with goals on both sides of the true one."""

        def loss_and_gradients(self, weights, batch):
            off = weights["w"] - GOAL + batch["side"]
            return Slope(float((off * off).sum()), {"w": 2 * off})

    sides = [{"side": np.float32(side)} for side in (1, -1)]
    found = descend({"w": np.zeros(3, np.float32)}, Twice(), lambda _: sides, Schedule(200, 0.05), lambda *_: None)
    np.testing.assert_allclose(found["w"], GOAL, atol=1e-2)


def test_descent_that_is_enough_ends_near_where_it_is():
    start, places = {"w": np.zeros(3, np.float32)}, []

    def look(step, here):
        places.append(here["w"])
        return step == 99

    found = descend(start, Bowl(), lambda _: [{}], Schedule(1000, 0.05), lambda *_: None, look)
    assert len(places) == 100
    assert np.square(found["w"] - GOAL).sum() < 0.1 * np.square(GOAL).sum()
    np.testing.assert_array_equal(found["w"], places[-1])  # what is looked at is what would be kept
