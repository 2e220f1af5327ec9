"""What is trained: weights, biases, gains and shifts of one node alone; never statistics, nor what nodes share."""

from __future__ import annotations

import pytest

from paoding_onnx.recovery.trained import trained_of
from paoding_onnx.shapes.observe import observe
from tests.models import model
from tests.pruning import CNN, MLP, SHARED
from tests.reconstruction.fitted import NORMED, STRUCTURES


def names(text):
    return set(trained_of(observe(model(text))).names)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (MLP, {"a", "ab", "b", "bb", "c", "cb"}),
        (CNN, {"a", "ab", "d", "db", "e", "f", "h"}),
        (NORMED, {"a", "k", "b", "s", "o", "c"}),
        (STRUCTURES["transposed"], {"a", "b", "k", "c"}),
        (STRUCTURES["tokens"], {"a", "b", "c", "h"}),
    ],
)
def test_weights_biases_gains_and_shifts_are_trained(text, expected):
    assert names(text) == expected


def test_bias_that_two_layers_share_is_left_alone():
    assert names(SHARED) == {"a", "b", "c"}


def test_gain_and_shift_of_a_normalization_are_told_from_its_statistics():
    (one,) = trained_of(observe(model(NORMED))).normalizations
    assert (one.gain, one.shift, one.stored.mean.name, one.stored.variance.name) == ("s", "o", "m", "v")
