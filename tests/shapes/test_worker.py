"""The process in which models are tried answers every request, with an error where one came of it."""

from __future__ import annotations

import io
import os
import pickle

import numpy as np
import pytest

from paoding_onnx.errors import ModelError
from paoding_onnx.shapes.requests import ForgetRequest, LoadRequest, RunRequest
from paoding_onnx.shapes.worker import serve
from tests.models import model

TEXT = "g (float[N,3] x) => (float[N,2] y) <float[3,2] w> { h = Relu (x) y = MatMul (h, w) }"
FEEDS = {"x": np.ones((5, 3), np.float32)}


@pytest.fixture(autouse=True)
def _errors_where_they_were():
    """Standard error as it was before the worker sent it away."""
    before = os.dup(2)
    yield
    os.dup2(before, 2)
    os.close(before)


def load(text=TEXT, watch=(), **how):
    subject = model(text)
    return LoadRequest(
        subject.proto.SerializeToString(), dict(subject.weights), watch, verbose=how.get("verbose", False)
    )


def answers(*requests):
    """What the worker says to these requests, one after the other."""
    asked = io.BytesIO(b"".join(pickle.dumps(request) for request in requests))
    said = io.BytesIO()
    serve(asked, said)
    said.seek(0)
    return [pickle.load(said) for _ in requests]


def test_run_is_answered_with_what_was_observed():
    loaded, seen = answers(load(), RunRequest(FEEDS))
    assert loaded is None
    assert {name: tensor.shape for name, tensor in seen.items()} == {"y": (5, 2)}


def test_inner_tensors_are_watched_if_asked_for():
    _, seen = answers(load(watch=("h",)), RunRequest(FEEDS))
    assert set(seen) == {"h", "y"}


def test_model_that_does_not_run_is_answered_with_the_error_and_may_run_again():
    _, error, seen = answers(load(), RunRequest({"x": np.ones((5, 4), np.float32)}), RunRequest(FEEDS))
    assert isinstance(error, ModelError)
    assert "does not run the model" in str(error)
    assert set(seen) == {"y"}


def test_model_that_onnxruntime_does_not_load_is_answered_with_the_error():
    error, after = answers(load("g (float[N,3] x) => (float[N,3] y) { y = Thing (x) }"), RunRequest(FEEDS))
    assert isinstance(error, ModelError)
    assert after is None


def test_forgotten_model_is_not_run():
    *_, after = answers(load(), ForgetRequest(), RunRequest(FEEDS))
    assert after is None


def test_next_model_takes_the_place_of_the_one_before():
    other = load(TEXT.replace("float[3,2] w", "float[3,7] w").replace("float[N,2] y", "float[N,7] y"))
    *_, seen = answers(load(), other, RunRequest(FEEDS))
    assert seen["y"].shape == (5, 7)


def test_last_words_of_libraries_are_not_shown_unless_asked_for(capfd):
    answers(load())
    os.write(2, b"hidden")
    answers(load(verbose=True))
    assert "hidden" not in capfd.readouterr().err
