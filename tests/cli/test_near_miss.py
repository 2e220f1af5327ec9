"""A word that is nearly right is named, and never taken for what was probably meant."""

from __future__ import annotations

import pytest

from paoding_onnx.cli.arguments import parse_arguments
from paoding_onnx.errors import UsageError


@pytest.mark.parametrize(
    ("argv", "meant"),
    [
        (["prune", "m.onnx", "--targt", "0.5"], "--target"),
        (["prune", "m.onnx", "--Target=0.5"], "--target"),
        (["prune", "m.onnx", "--calib", "x"], "--calibration"),
        (["prune", "m.onnx", "--method", "magnitud"], "magnitude"),
        (["prun", "m.onnx"], "prune"),
    ],
)
def test_near_miss_is_named(argv, meant):
    with pytest.raises(UsageError, match=rf"did you mean {meant}\?; see `paoding_onnx"):
        parse_arguments(argv)


@pytest.mark.parametrize("word", ["--tar", "--targe", "--dry"])
def test_abbreviation_is_not_taken(word):
    with pytest.raises(UsageError, match="unrecognized arguments"):
        parse_arguments(["prune", "m.onnx", word])


def test_nothing_is_guessed_for_a_word_that_is_like_none():
    with pytest.raises(UsageError) as caught:
        parse_arguments(["prune", "m.onnx", "--zzz"])
    assert "did you mean" not in str(caught.value)
