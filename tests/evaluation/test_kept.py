"""Whether a candidate keeps enough: the pessimistic end of the interval decides."""

from __future__ import annotations

import numpy as np
import pytest

from paoding_onnx.calibration.samples import Samples
from paoding_onnx.errors import UsageError
from paoding_onnx.evaluation.dataset import ArraySamples
from paoding_onnx.evaluation.kept import accuracy_kept, answers_kept
from tests.models import model

SAYS = "g (float[N,3] x) => (float[N,3] y) { y = Softmax (x) }"
SWAPPED = """g (float[N,3] x) => (float[N,3] y) {
  i = Constant <value_ints=[0,2,1]> () z = Gather <axis=1> (x, i) y = Softmax (z)
}"""
VALUES = "g (float[N,3] x) => (float[N,3] y) { y = Identity (x) }"
N = 400


@pytest.fixture
def rows():
    """Inputs whose largest entry is the first one for nine in ten, else the second."""
    found = np.random.default_rng(0).random((N, 3)).astype(np.float32)
    found[np.arange(N), (np.arange(N) % 10 == 0).astype(int)] += 2
    return found


def samples(rows):
    return Samples(({"x": rows},), "rows")


def test_model_itself_keeps_its_accuracy_as_far_as_the_samples_can_show(rows):
    labelled = ArraySamples({"x": rows}, rows.argmax(1))
    found = accuracy_kept(model(SAYS), labelled, 0.01, 0)(model(SAYS))
    assert (found.measure, found.value, found.holds) == ("drop of accuracy", 0, True)
    assert 0 < found.bound < 0.01
    assert not accuracy_kept(model(SAYS), labelled, 0.001, 0)(model(SAYS)).holds


def test_drop_of_the_point_is_less_than_what_may_be(rows):
    labelled = ArraySamples({"x": rows}, rows.argmax(1))
    found = accuracy_kept(model(SAYS), labelled, 0.11, 0)(model(SWAPPED))
    assert found.value == pytest.approx(0.1)
    assert found.bound > 0.11
    assert not found.holds


def test_answers_that_stay_are_counted_and_the_lower_end_decides(rows):
    found = answers_kept(model(SAYS), samples(rows), 0.89)(model(SWAPPED))
    assert found.value == pytest.approx(0.9)
    assert found.bound < 0.89
    assert not found.holds
    assert answers_kept(model(SAYS), samples(rows), 0.98)(model(SAYS)).holds


def test_few_inputs_cannot_show_much(rows):
    with pytest.raises(UsageError, match=r"20 inputs cannot show that 98.0% of the answers stay the same"):
        answers_kept(model(SAYS), samples(rows[:20]), 0.98)


def test_model_without_answers_is_refused(rows):
    rows = np.random.default_rng(0).random((N, 3)).astype(np.float32)
    with pytest.raises(UsageError, match="gives no answers"):
        answers_kept(model(VALUES), samples(rows), 0.9)(model(VALUES))
