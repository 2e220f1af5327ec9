"""Models for a fixed number of samples: most take any, and those that do not are refused."""

from __future__ import annotations

import numpy as np
import pytest

from paoding_onnx.context import Run
from paoding_onnx.model.session import Session
from paoding_onnx.recovery.batch_axis import is_independent, opened
from paoding_onnx.recovery.engine import Engine
from paoding_onnx.recovery.lesson import Effort
from paoding_onnx.recovery.recover import recover
from tests.models import model
from tests.pruning import MLP, feeds
from tests.recovery.lessons_for import lesson_of

FIXED = MLP.replace("[N,", "[1,")
BOUND = FIXED.replace("s = Gemm", "w = Reshape (r, whole) s = Gemm").replace("(r, b, bb)", "(w, b, bb)")
BOUND = BOUND.replace("<float[8,16] a", "<int64[2] whole={1,16}, float[8,16] a")
"""A Reshape to one sample stands in the way of more."""
MIXING = "g (float[1,8] x) => (float[1,8] y) { s = ReduceSum <keepdims=0> (x) y = Add (x, s) }"


def test_open_model_stays_as_it_is():
    subject = model(MLP)
    assert opened(subject) is subject


def test_fixed_model_takes_any_number_and_computes_the_same():
    subject = model(FIXED)
    wider = opened(subject)
    batches = tuple(feeds(subject, (1, 1)))
    assert is_independent(subject, wider, batches)
    both = Session(wider).run({"x": np.concatenate([feed["x"] for feed in batches])})["y"]
    np.testing.assert_allclose(both[1:], Session(subject).run(batches[1])["y"], rtol=1e-5)
    assert [spec.dims for spec in subject.inputs] == [(1, 8)]


def test_model_that_mixes_samples_is_told():
    subject = model(MIXING)
    assert not is_independent(subject, opened(subject), tuple(feeds(subject, (1, 1))))


@pytest.mark.parametrize("text", [FIXED, BOUND], ids=["opened", "one at a time"])
def test_model_for_one_sample_is_taught_and_stays_one_for_one_sample(text):
    lesson = lesson_of(text, n_batches=128)
    found = recover(lesson, Effort(40, 1e-2, 1e12), Run(), Engine)
    assert found.taught.loss_after < found.taught.loss_before
    assert [spec.dims for spec in found.model.inputs] == [(1, 8)]
