"""Few inputs settle that a model is ruined where chance could not make it look so, and never that it is not."""

from __future__ import annotations

from dataclasses import replace

import pytest

from paoding_onnx.evaluation.answers import OutputChange
from paoding_onnx.evaluation.kinds import Kind
from paoding_onnx.evaluation.measured import Measured
from paoding_onnx.evaluation.settled import CHANCE, chance_of, is_settled

ANSWERS = OutputChange("y", Kind.CLASSES, typical=0.0, worst=0.0, same=1.0, order=None, variety=0.7)
BOXES = OutputChange("y", Kind.VALUES, typical=0.0, worst=0.0, same=None, order=None, variety=0.7)
SCORE = replace(BOXES, kind=Kind.SCORE, order=1.0)


def settled(*changes, n_inputs=4, **settings):
    return is_settled(Measured(None, 0.0, None, "some", n_inputs, changes=changes, **settings))


@pytest.mark.parametrize(
    ("change", "n_inputs", "wanted"),
    [
        (replace(ANSWERS, same=0.0), 4, True),
        (replace(ANSWERS, same=0.25), 4, True),
        (replace(ANSWERS, same=0.5), 4, False),  # one in twenty models that keep 90 % looks so
        (replace(ANSWERS, same=0.5), 8, True),
        (replace(ANSWERS, same=0.0), 3, False),
        (replace(BOXES, typical=5.0), 4, True),
        (replace(BOXES, typical=0.5), 4, False),
        (replace(BOXES, worst=50.0), 4, False),  # one channel, of which four inputs tell no variance
        (replace(SCORE, order=-0.5), 4, False),
        (replace(SCORE, order=0.2), 16, True),
        (replace(SCORE, order=0.9), 16, False),
        (replace(SCORE, typical=5.0), 4, False),  # of one score, four inputs tell no variance either
        (replace(BOXES, kind=Kind.STATE, typical=5.0), 4, False),
        (replace(ANSWERS, kind=Kind.WHOLE_NUMBERS, same=0.0, typical=1.0), 4, False),
    ],
)
def test_only_what_is_beyond_chance_is_settled(change, n_inputs, wanted):
    assert settled(change, n_inputs=n_inputs) is wanted


@pytest.mark.parametrize("change", [ANSWERS, BOXES, SCORE, replace(ANSWERS, variety=0.0), replace(BOXES, typical=0.05)])
def test_that_a_model_is_not_ruined_is_never_settled(change):
    assert not settled(change)
    assert not settled(change, n_inputs=64)


def test_one_ruined_output_is_enough():
    assert settled(ANSWERS, replace(BOXES, typical=5.0))


def test_chance_is_that_of_the_binomial_distribution():
    assert chance_of(4, 4, 0.9) == pytest.approx(1)
    assert chance_of(0, 2, 0.9) == pytest.approx(0.01)
    assert chance_of(2, 4, 0.9) > CHANCE > chance_of(1, 4, 0.9)
