"""Inputs of two kinds: each has its share of the steps, and of what is held against the result."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest

from paoding_onnx.recovery.together import Losses, Together


@dataclass(frozen=True)
class Fixed:
    """A learner whose inputs, losses and distances are one number."""

    value: float
    count: int = 7

    def drawn(self, _rng):
        return {"x": np.full(3, self.value)}

    def held_back(self, _loss, _weights):
        return self.value

    def off(self, _answers, _weights):
        return 10 * self.value


BOTH = Together({}, (Fixed(1.0), Fixed(2.0)), (0.25, 0.75))


def test_each_step_reads_one_kind_as_often_as_its_share_says():
    rng = np.random.default_rng(0)
    drawn = [BOTH.drawn(rng)["x"] for _ in range(400)]
    assert all(len(set(one)) == 1 for one in drawn)
    assert np.mean([one[0] == 1 for one in drawn]) == pytest.approx(0.25, abs=0.06)


def test_inputs_of_both_kinds_are_counted():
    assert BOTH.count == 14


def test_how_far_outputs_are_is_asked_of_the_first_kind_alone():
    assert BOTH.off(None, {}) == 10


def test_losses_are_told_of_all_and_of_the_first_kind():
    assert BOTH.held_back(None, {}) == Losses(pytest.approx(1.75), 1.0)


def test_one_kind_alone_is_read_without_drawing_which():
    rng = np.random.default_rng(0)
    state = rng.bit_generator.state
    assert Together({}, (Fixed(3.0),), (1.0,)).drawn(rng)["x"][0] == 3
    assert rng.bit_generator.state == state
