"""What a model file takes, measured in a process of its own."""

from __future__ import annotations

import json
import sys

import numpy as np
import pytest

from paoding_onnx.context import Deployment
from paoding_onnx.errors import ModelError
from paoding_onnx.evaluation import latency
from paoding_onnx.evaluation.latency import Timed, measure
from paoding_onnx.model.save import save_model
from tests.models import model, parse, save

pytestmark = pytest.mark.slow

SMALL = "g (float[1,8] x) => (float[1,8] y) <float[8,8] w> { y = MatMul (x, w) }"
LARGE = "g (float[1,8] x) => (float[1,8] y) <float[8,2000000] w> { h = MatMul (x, w) y = ReduceMean <axes=[1]> (h) }"
FEEDS = {"x": np.ones((1, 8), np.float32)}


def timed(text, path):
    """A model file to measure."""
    save(parse(text), path)
    return Timed(path, FEEDS, path.stat().st_size)


def test_models_are_timed_in_turns(tmp_path):
    found = measure([timed(SMALL, tmp_path / "a.onnx"), timed(SMALL, tmp_path / "b.onnx")], seconds=0.02)
    assert found[0].runs == found[1].runs >= 5
    assert 0.1 < found[0].milliseconds / found[1].milliseconds < 10


@pytest.mark.skipif(sys.platform != "linux", reason="other systems do not say what memory a process used")
def test_peak_memory_grows_with_the_weights(tmp_path):
    small, large = measure([timed(SMALL, tmp_path / "a.onnx"), timed(LARGE, tmp_path / "b.onnx")], seconds=0.01)
    assert small.peak_bytes < 64_000_000 < large.peak_bytes < 400_000_000


def test_model_that_does_not_run_alone_is_a_model_error(tmp_path):
    wrong = Timed(timed(SMALL, tmp_path / "a.onnx").path, {"x": np.ones((1, 9), np.float32)}, 0)
    with pytest.raises(ModelError, match=r"not timed in a process of its own: .*does not run"):
        measure([wrong])


class Clock:
    """Time that passes only while a stub session runs."""

    now = 0.0


class StubSession:
    """A session of which a run only takes time, the first one ten times as long as the others."""

    def __init__(self, clock, seconds):
        self.clock, self.seconds, self.n_runs = clock, seconds, 0

    def run(self, feeds):
        self.clock.now += self.seconds * (1 if self.n_runs else 10)
        self.n_runs += 1


@pytest.fixture
def clock(monkeypatch):
    """The clock that latency is measured by."""
    made = Clock()
    monkeypatch.setattr(latency.time, "perf_counter", lambda: made.now)
    return made


def test_ratio_is_the_median_of_pairs_and_its_spread_that_of_the_middle_ones():
    first = np.ones(101)
    second = np.r_[np.full(99, 0.5), 50.0, 0.01]
    assert latency.ratio_of(first, second) == (0.5, 0.0)
    ratio, spread = latency.ratio_of(first, np.linspace(0.4, 0.6, 101))
    assert ratio == pytest.approx(0.5)
    assert spread == pytest.approx(0.04, rel=0.1)


class Unsteady(StubSession):
    """A session of which every other run takes several times as long."""

    def run(self, feeds):
        self.clock.now += self.seconds * (1 + 9 * (self.n_runs % 2))
        self.n_runs += 1


@pytest.mark.parametrize(("kind", "n_pairs"), [(StubSession, 9), (Unsteady, 18)])
def test_times_that_tell_nothing_are_taken_once_more(kind, n_pairs, clock):
    sessions = [StubSession(clock, 1.0), kind(clock, 1.0)]
    for session in sessions:
        session.run({})
    spent = latency._paired(sessions, [{}, {}], 2000, 0.1, lambda: clock.now)
    assert [len(times) for times in spent] == [n_pairs, n_pairs]


@pytest.fixture
def two_files(tmp_path):
    """A model of some work and one of half of it."""
    paths = tmp_path / "before.onnx", tmp_path / "after.onnx"
    for path, width in zip(paths, (2048, 1024), strict=True):
        text = f"g (float[64,512] x) => (float[64,{width}] y) <float[512,{width}] w> {{ y = MatMul (x, w) }}"
        save_model(model(text), path)
    return paths


def test_two_files_are_timed_in_a_process_of_their_own(two_files, monkeypatch):
    monkeypatch.setattr(latency, "NOWHERE", 1e9)  # however busy the machine is
    found = latency.compare_latency(*two_files, {"x": np.zeros((64, 512), np.float32)})
    assert 0 < found.ratio < 10
    assert found.before > 0 < found.after


def test_operators_are_told_side_by_side_if_asked_for(two_files, monkeypatch):
    monkeypatch.setattr(latency, "NOWHERE", 1e9)
    feeds = {"x": np.zeros((64, 512), np.float32)}
    found = latency.compare_latency(*two_files, feeds, on=Deployment(1), seconds=0.05, operators=True)
    assert [one.operator for one in found.operators] == ["MatMul"]
    assert found.operators[0].before > 0 < found.operators[0].after
    assert latency.compare_latency(*two_files, feeds, seconds=0.05).operators == ()


def test_ratio_that_is_hardly_known_is_none(two_files, monkeypatch):
    monkeypatch.setattr(latency, "NOWHERE", -1.0)
    assert latency.compare_latency(*two_files, {"x": np.zeros((64, 512), np.float32)}) is None


def test_model_that_does_not_run_there_has_no_latency(two_files):
    assert latency.compare_latency(*two_files, {"x": np.zeros((64, 5), np.float32)}) is None


@pytest.fixture
def measured(tmp_path, monkeypatch, capsys):
    """Measures one job in this process, which is not bound; returns the figures and where it would be bound."""

    def measure_here(seconds=0.01):
        bound = []
        monkeypatch.setattr(latency.os, "sched_setaffinity", lambda _, chosen: bound.extend(chosen), raising=False)
        np.savez(tmp_path / "feeds.npz", *FEEDS.values())
        path = timed(SMALL, tmp_path / "a.onnx").path
        job = {"model": str(path), "feeds": str(tmp_path / "feeds.npz"), "names": ["x"]}
        text = json.dumps({"models": [job], "processors": 1, "seconds": seconds})
        monkeypatch.setattr(sys, "argv", ["-c", text])
        latency.child()
        return json.loads(capsys.readouterr().out), bound

    return measure_here


@pytest.mark.skipif(sys.platform != "linux", reason="other systems do not bind processes")
def test_process_is_bound_to_the_processors_of_its_job(measured):
    figures, bound = measured()
    assert (figures["processors"], len(bound)) == (1, 1)


def test_process_runs_its_models_a_few_times_at_least(measured):
    (seconds,) = measured()[0]["seconds"]
    assert len(seconds) >= latency.FEWEST_RUNS
    assert min(seconds) > 0


def test_process_that_only_looks_at_memory_measures_no_times(measured):
    assert measured(seconds=0)[0]["seconds"] == [[]]


def test_system_that_does_not_say_what_memory_was_used_leaves_the_peak_out(measured, monkeypatch, tmp_path):
    monkeypatch.setattr(latency, "_STATUS", tmp_path / "missing")
    assert measured()[0]["peak_bytes"] is None
