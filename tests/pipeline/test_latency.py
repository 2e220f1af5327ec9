"""Original and smaller model timed against each other, again where times vary."""

from __future__ import annotations

import pytest

from paoding_onnx.evaluation.measured import Latency
from paoding_onnx.pipeline import latency
from paoding_onnx.pipeline.latency import ROUNDS, latency_of
from paoding_onnx.shapes.observe import observe
from tests.models import model
from tests.pruning import MLP


def timed(monkeypatch, spreads):
    calls = []

    def compare(first, second, feeds, **options):
        assert first.is_file()
        assert second.is_file()
        assert feeds["x"].shape == (1, 8)
        calls.append(options)
        spread = spreads[len(calls) - 1]
        return None if spread is None else Latency(2.0, 1.0, 0.5, spread, 1)

    monkeypatch.setattr(latency, "compare_latency", compare)
    subject = model(MLP)
    return latency_of(subject, subject, observe(subject), threads=3), calls


@pytest.mark.parametrize(
    ("spreads", "best", "n_calls"),
    [
        ([0.01], 0.01, 1),
        ([0.2, 0.1, 0.02], 0.02, 3),
        ([0.2, None, 0.1, 0.15], 0.1, ROUNDS),
    ],
)
def test_steadiest_of_several_measurements_counts(spreads, best, n_calls, monkeypatch):
    found, calls = timed(monkeypatch, spreads)
    assert found.spread == best
    assert len(calls) == n_calls
    assert all(call["processors"] == 3 for call in calls)


def test_times_that_always_vary_tell_nothing(monkeypatch):
    found, calls = timed(monkeypatch, [None] * ROUNDS)
    assert found is None
    assert len(calls) == ROUNDS
