"""Runs in a process of their own: what comes back, and what happens when that process dies."""

from __future__ import annotations

import os
import pickle
import signal
from itertools import islice

import numpy as np
import pytest

from paoding_onnx.errors import ModelError
from paoding_onnx.shapes import observe as observing
from paoding_onnx.shapes import trials as tried
from paoding_onnx.shapes.observe import observe
from paoding_onnx.shapes.requests import RunRequest
from paoding_onnx.shapes.size_search import measuring
from paoding_onnx.shapes.trials import Trials, trials
from tests.models import model

TEXT = "g (float[N,T] x) => (float[N,2] y) <float[3,2] w> { h = Relu (x) y = MatMul (h, w) }"


def feeds(size=3):
    return {"x": np.ones((2, size), np.float32)}


@pytest.fixture
def deadly(monkeypatch):
    """A model with a size that kills the worker: 13."""

    def request(feeds):
        return RunRequest({"x": Dying()} if feeds["x"].shape[-1] == 13 else feeds)

    monkeypatch.setattr(tried, "RunRequest", request)
    return Trials(model(TEXT))


class Dying:
    """An input that ends the process which reads it."""

    def __reduce__(self):
        return _end, ()


def _end():
    os.kill(os.getpid(), signal.SIGKILL)


def test_run_shows_outputs_inputs_and_what_is_watched():
    with trials(model(TEXT), ["h"]) as tries:
        seen = tries.run(feeds(), "x=2x3")
    assert {name: tensor.shape for name, tensor in seen.items()} == {"x": (2, 3), "h": (2, 3), "y": (2, 2)}


def test_sizes_that_the_model_does_not_take_are_a_model_error():
    with trials(model(TEXT)) as tries, pytest.raises(ModelError, match="does not run the model"):
        tries.run(feeds(4), "x=2x4")


def test_model_that_does_not_load_is_a_model_error():
    with pytest.raises(ModelError, match="does not load the model"):
        Trials(model("g (float[N,3] x) => (float[N,3] y) { y = Thing (x) }"))


def test_worker_that_dies_is_a_model_error_that_names_the_sizes(deadly):
    with pytest.raises(ModelError, match=r"onnxruntime crashed at sizes x=2x13 \(signal 9\); other sizes may run"):
        deadly.run(feeds(13), "x=2x13")


def test_other_sizes_run_after_the_worker_died(deadly):
    with pytest.raises(ModelError, match="crashed"):
        deadly.run(feeds(13), "x=2x13")
    assert deadly.run(feeds(), "x=2x3")["y"].shape == (2, 2)


def test_worker_that_was_killed_in_between_is_started_again():
    tries = Trials(model(TEXT))
    os.kill(tried._WORKER._process.pid, signal.SIGKILL)
    tried._WORKER._process.wait()
    assert tries.run(feeds(), "x=2x3")["y"].shape == (2, 2)


def test_search_for_sizes_goes_on_after_a_crash(monkeypatch):
    """A size that takes onnxruntime with it is one that the model does not take."""

    def request(feeds):
        return RunRequest({"x": Dying()} if feeds["x"].shape == (1, 64) else feeds)

    monkeypatch.setattr(tried, "RunRequest", request)
    graph = observe(model("g (float[N,T] x) => (float[N,T] y) { y = Relu (x) }"))
    assert graph.sizes.measured.shapes == {"x": (1, 96)}


def test_model_that_always_crashes_is_a_model_error_that_names_a_size(monkeypatch):
    monkeypatch.setattr(tried, "RunRequest", lambda feeds: RunRequest({"x": Dying()}))
    monkeypatch.setattr(observing, "measuring", lambda *given: islice(measuring(*given), 2))  # a crash takes its time
    with pytest.raises(ModelError, match=r"onnxruntime crashed at sizes x=1 \(signal 9\).*tried x=1; give what"):
        observe(model("g (float[N] x) => (float[N] y) { y = Relu (x) }"))


def test_two_models_may_be_tried_in_turns():
    one, two = Trials(model(TEXT)), Trials(model(TEXT.replace("3,2", "5,2")))
    assert [tries.run(feeds(size), "")["y"].shape for tries, size in ((one, 3), (two, 5), (one, 3))] == [(2, 2)] * 3


def test_one_process_serves_all_trials():
    Trials(model(TEXT))
    process = tried._WORKER._process.pid
    Trials(model(TEXT))
    assert tried._WORKER._process.pid == process


def test_process_that_held_much_for_a_run_ends_with_the_model():
    """It would keep the memory for as long as this process runs."""
    wide = model("g (float[N,256] x) => (float[N,256] y) { y = Relu (x) }")
    processes = []
    for rows in (1, 1 + (1 << 17)):
        with trials(wide) as tries:
            tries.run({"x": np.ones((rows, 256), np.float32)}, "")
        processes.append(tried._WORKER._process)
    assert processes[0] is not None
    assert processes[1] is None
    assert Trials(model(TEXT)).run(feeds(), "")["y"].shape == (2, 2)


def test_answer_to_an_interrupted_run_is_not_taken_for_another(monkeypatch):
    """What a notebook does: a run is interrupted, and the next one asks the same process."""
    subject = model("g (float[N,2] x) => (float[N,2] y) { y = Relu (x) }")
    exchange = tried._exchange

    def interrupted(process, request):
        pickle.dump(request, process.stdin)
        process.stdin.flush()
        raise KeyboardInterrupt

    with trials(subject) as tries:
        monkeypatch.setattr(tried, "_exchange", interrupted)
        with pytest.raises(KeyboardInterrupt):
            tries.run({"x": np.zeros((9, 2), np.float32)}, "x=9x2")
        monkeypatch.setattr(tried, "_exchange", exchange)
        assert tries.run({"x": np.zeros((1, 2), np.float32)}, "x=1x2")["y"].shape == (1, 2)
