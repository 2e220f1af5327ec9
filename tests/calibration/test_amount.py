"""How many samples a model needs, within bounds of time and memory, and where they come from."""

from __future__ import annotations

import pytest

from paoding_onnx.calibration import amount
from paoding_onnx.calibration.amount import FEWEST_SAMPLES, MOST_SAMPLES, USUAL_SAMPLES, made_samples, n_samples_for
from paoding_onnx.calibration.samples import Request
from paoding_onnx.dependency.groups import trace
from paoding_onnx.layerwise.layers import ROWS_PER_FEATURE
from paoding_onnx.shapes.observe import observe, runnable_shapes
from tests.models import model

SMALL = "g (float[n,6] x) => (float[n,2] y) <float[6,4] a, float[4,2] b> { h = MatMul (x, a) y = MatMul (h, b) }"
WIDE = SMALL.replace("6", "200")
"""200 features call for `ROWS_PER_FEATURE` times as many rows: more samples than usual."""


def needed(text):
    """How many samples a model needs."""
    found = model(text)
    graph = observe(found)
    return n_samples_for(found, trace(graph), runnable_shapes(graph))


def made(text, count=5):
    """Samples for a model."""
    found = model(text)
    graph = observe(found)
    return made_samples(found, graph, Request(count, seed=0))


def test_small_models_get_the_usual_number():
    assert needed(SMALL) == USUAL_SAMPLES


def test_layers_with_many_features_get_as_many_rows_as_fitting_them_takes():
    assert needed(WIDE) == ROWS_PER_FEATURE * 200


def test_places_of_an_image_are_rows_of_their_own():
    text = "g (float[n,200,4,4] x) => (float[n,4,4,4] y) <float[8,200,1,1] a, float[4,8,1,1] b> "
    assert needed(text + "{ h = Conv (x, a) y = Conv (h, b) }") == USUAL_SAMPLES


def test_no_model_gets_more_than_the_most(monkeypatch):
    monkeypatch.setattr(amount, "MOST_NUMBERS", 1 << 40)
    assert needed(SMALL.replace("6", "4000")) == MOST_SAMPLES


def test_memory_bounds_the_number(monkeypatch):
    monkeypatch.setattr(amount, "MOST_NUMBERS", 300 * 200)
    assert needed(WIDE) == 300
    monkeypatch.setattr(amount, "MOST_NUMBERS", 1)
    assert needed(WIDE) == USUAL_SAMPLES


def test_time_bounds_the_number_but_some_samples_there_must_be(monkeypatch):
    monkeypatch.setattr(amount, "MACS_TO_RUN", 100 * (200 * 4 + 4 * 2))
    assert needed(WIDE) == 100
    monkeypatch.setattr(amount, "MACS_TO_RUN", 1)
    assert needed(WIDE) == FEWEST_SAMPLES


def test_batches_of_one_size_are_run_only_so_often(monkeypatch):
    monkeypatch.setattr(amount, "MOST_RUNS", 20)
    assert needed(WIDE.replace("n,", "2,")) == 40


@pytest.mark.parametrize("batch", ["n", "4"])
def test_costs_are_counted_for_each_sample(batch, monkeypatch):
    monkeypatch.setattr(amount, "MACS_TO_RUN", 100 * (200 * 4 + 4 * 2))
    assert needed(WIDE.replace("n,", f"{batch},")) == 100


def test_samples_are_made_for_the_model():
    assert made(SMALL).batches[0]["x"].shape == (5, 6)


def test_model_that_takes_no_synthetic_samples_gets_random_numbers():
    text = "g (int64[n,7] ids) => (float[n,7,4] y) <float[50,4] table, int64 offset={45}> "
    found = made(text + "{ a = Add (ids, offset) y = Gather (table, a) }")  # tokens out of 50 lie beyond the table
    assert found.description == "random numbers"
    assert found.batches[0]["ids"].max() <= 1
