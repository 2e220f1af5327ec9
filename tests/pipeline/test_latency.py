"""Original and smaller model timed against each other, in several processes."""

from __future__ import annotations

import pytest

from paoding_onnx.context import Deployment
from paoding_onnx.evaluation.measured import Latency
from paoding_onnx.pipeline import latency
from paoding_onnx.pipeline.latency import ATTEMPTS, ROUNDS, latency_of
from paoding_onnx.shapes.observe import observe
from tests.models import model
from tests.pruning import MLP


def timed(monkeypatch, ratios, **options):
    calls = []

    def compare(first, second, feeds, **given):
        assert first.is_file()
        assert second.is_file()
        assert feeds["x"].shape == (1, 8)
        calls.append(given)
        ratio = ratios[len(calls) - 1]
        return None if ratio is None else Latency(2.0, 2 * ratio, ratio, 0.01, 1)

    monkeypatch.setattr(latency, "compare_latency", compare)
    subject = model(MLP)
    return latency_of(subject, subject, observe(subject), on=Deployment(3), **options), calls


@pytest.mark.parametrize(
    ("ratios", "middle", "spread", "n_calls"),
    [
        ([0.5, 0.5, 0.5], 0.5, 0.01, 3),
        ([0.8, 0.4, 0.5], 0.5, 0.4, 3),
        ([None, 0.5, None, 0.5, 0.49], 0.5, 0.01, 5),
        ([None, None, 0.6, None, None, None], 0.6, 0.01, 6),
    ],
)
def test_middle_of_several_measurements_counts(ratios, middle, spread, n_calls, monkeypatch):
    found, calls = timed(monkeypatch, ratios)
    assert found.ratio == middle
    assert found.spread == pytest.approx(spread)
    assert len(calls) == n_calls
    assert all(call["on"] == Deployment(3) for call in calls)


def test_one_round_is_one_measurement(monkeypatch):
    found, calls = timed(monkeypatch, [0.7], rounds=1, seconds=0.25)
    assert found.ratio == 0.7
    assert [call["seconds"] for call in calls] == [0.25]


def test_one_round_is_not_tried_again(monkeypatch):
    found, calls = timed(monkeypatch, [None, 0.7], rounds=1)
    assert found is None
    assert len(calls) == 1


def test_times_that_always_vary_tell_nothing(monkeypatch):
    found, calls = timed(monkeypatch, [None] * 9)
    assert found is None
    assert len(calls) == ROUNDS * ATTEMPTS
