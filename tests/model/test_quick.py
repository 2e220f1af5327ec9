"""A model that is ready to run: optimised, or as it is where onnxruntime's optimiser fails."""

from __future__ import annotations

import numpy as np
import pytest

from paoding_onnx.errors import ModelError
from paoding_onnx.model import quick as module
from paoding_onnx.model.quick import quick
from paoding_onnx.model.session import Session
from tests.models import model

TEXT = "g (float[2] x) => (float[2] y) { h = Neg (x) y = Neg (h) }"
X = {"x": np.array([1.0, 2.0], np.float32)}


def test_model_runs_and_shows_what_is_watched():
    assert {name: value.tolist() for name, value in quick(model(TEXT), ["h"]).run(X).items()} == {
        "y": [1.0, 2.0],
        "h": [-1.0, -2.0],
    }


def test_model_that_the_optimiser_does_not_take_runs_as_it_is(monkeypatch):
    def picky(subject, *, watch=(), optimise=False):
        if optimise:
            raise ModelError("not this one")
        return Session(subject, watch=watch)

    monkeypatch.setattr(module, "Session", picky)
    assert quick(model(TEXT)).run(X)["y"].tolist() == [1.0, 2.0]


def test_model_that_does_not_load_at_all_is_a_model_error():
    with pytest.raises(ModelError, match="does not load"):
        quick(model("g (float[2] x) => (float[2] y) { y = Thing (x) }"))
