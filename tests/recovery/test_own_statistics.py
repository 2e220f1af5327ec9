"""Statistics of a network on inputs, of the original where units stay, and what is stored in the end."""

from __future__ import annotations

import numpy as np

from paoding_onnx.context import Run
from paoding_onnx.model.read import constants
from paoding_onnx.model.session import Session
from paoding_onnx.recovery.own_statistics import Observed, of_original, statistics_on, to_store
from paoding_onnx.recovery.trained import trained_of
from tests.reconstruction.fitted import NORMED
from tests.recovery.lessons_for import lesson_of, place_of

LESSON = lesson_of(NORMED, uses_batch=True)
GRAPH = LESSON.trace.graph
NORMALIZATIONS = trained_of(GRAPH).normalizations


def seen(**overrides):
    return statistics_on(Observed(LESSON.original, GRAPH, NORMALIZATIONS, overrides), LESSON.samples.batches, Run())


def test_statistics_are_those_of_the_inputs():
    values = [Session(LESSON.original, watch=["q"]).run(feed)["q"] for feed in LESSON.samples.batches]
    whole, found = np.concatenate(values), seen()
    np.testing.assert_allclose(found["m"], whole.mean((0, 2, 3)), rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(found["v"], whole.var((0, 2, 3)), rtol=1e-4)


def test_weights_that_were_decided_are_in_place():
    """The graph that was observed has the old ones."""
    louder = seen(b=3 * constants(LESSON.original)["b"])
    np.testing.assert_allclose(louder["v"], 9 * seen()["v"], rtol=1e-3)


def test_channels_that_stay_are_picked_of_the_original():
    original = of_original(LESSON.trace, LESSON.plan, seen())
    mean, variance = original.stored["n"]
    assert mean.shape == variance.shape == constants(LESSON.smaller)["m"].shape
    np.testing.assert_array_equal(mean, constants(LESSON.smaller)["m"])


def test_smaller_model_that_is_the_original_stores_the_same():
    found = seen()
    original = of_original(LESSON.trace, LESSON.plan, found)
    own = dict(zip(("m", "v"), original.taught_by["n"], strict=True))
    stored = dict(to_store(trained_of(place_of(LESSON).graph).normalizations, own, original))
    np.testing.assert_allclose(stored["m"], original.stored["n"][0], rtol=1e-5)
    np.testing.assert_allclose(stored["v"], original.stored["n"][1], rtol=1e-5)
