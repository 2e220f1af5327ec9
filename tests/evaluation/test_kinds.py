"""What outputs hold is told by their shapes, their numbers and, where these leave it open, their names."""

from __future__ import annotations

import numpy as np
import pytest

from paoding_onnx.evaluation.kinds import Kind, kind_of, kinds_of
from paoding_onnx.model.compare import softmax
from tests.outputs import DETECTIONS, EMBEDDINGS, LOGITS, POINTS, RAW_BOXES, RNG, SEQUENCES, UNIT


@pytest.mark.parametrize(
    ("name", "values", "kind"),
    [
        ("y", softmax(LOGITS), Kind.CLASSES),
        ("y", LOGITS, Kind.CLASSES),
        ("landmarks", RNG.random((60, 10)), Kind.VALUES),
        ("y", RNG.random((60, 10)), Kind.VALUES),
        ("y", UNIT, Kind.EMBEDDING),
        ("embeddings", EMBEDDINGS, Kind.EMBEDDING),
        ("y", SEQUENCES, Kind.SEQUENCE),
        ("y", POINTS, Kind.VALUES),
        ("y", 3 * RAW_BOXES, Kind.SEQUENCE),
        ("y", RAW_BOXES * [3, 3, 3, 3, 1, 1], Kind.VALUES),
        ("y", 30 * RNG.standard_normal((30, 50, 3)) - [0, 30, 60], Kind.SEQUENCE),
        ("y", DETECTIONS, Kind.VALUES),
        ("y", np.moveaxis(DETECTIONS, 1, 2), Kind.VALUES),
        ("y", 5 * RNG.random((30, 1)), Kind.SCORE),
        ("y", 300 * RNG.random((40, 4)), Kind.VALUES),
        ("y", np.arange(5), Kind.WHOLE_NUMBERS),
        ("y", np.float32(3.0), Kind.VALUES),
    ],
    ids=lambda value: str(value) if isinstance(value, Kind) else "",
)
def test_kind_of_an_output_is_told_by_its_numbers(name, values, kind):
    assert kind_of(name, np.asarray(values)) is kind


def test_few_different_integers_of_8_bits_are_whole_numbers():
    assert kind_of("mask", np.arange(20, dtype=np.uint8).reshape(4, 5)) is Kind.WHOLE_NUMBERS
    assert kind_of("ids", np.arange(100).reshape(4, 25)) is Kind.WHOLE_NUMBERS


def test_one_number_is_a_probability_where_it_is_on_both_sides_of_a_half():
    chances = RNG.random((40, 1))
    assert kind_of("y", chances) is Kind.CHANCE
    assert kind_of("y", chances / 4) is Kind.SCORE
    assert kind_of("y", 5 * chances) is Kind.SCORE


@pytest.mark.parametrize("spread", [0.1, 5.0])
def test_classes_of_places_that_have_boxes_are_no_sequence(spread):
    """UltraFace and SSD: boxes, or what moves them, in one output, and classes of the same places in another."""
    outputs = {"a": SEQUENCES, "b": spread * RNG.standard_normal((30, 20, 4))}
    assert list(kinds_of(outputs).values()) == [Kind.VALUES, Kind.VALUES]


@pytest.mark.parametrize("other", [SEQUENCES[..., :4] / SEQUENCES[..., :4].sum(-1, keepdims=True), POINTS])
def test_classes_beside_classes_or_of_other_places_stay_what_they_are(other):
    assert kinds_of({"a": SEQUENCES, "b": other})["a"] is Kind.SEQUENCE


def test_tokens_that_have_four_numbers_as_well_keep_their_classes():
    outputs = {"a": SEQUENCES, "b": RNG.standard_normal((30, 20, 4))}
    assert kinds_of(outputs, by_token={"a"})["a"] is Kind.TAGS


def test_boxes_may_lie_on_either_axis_and_a_state_is_none():
    turned = {"a": SEQUENCES.transpose(0, 2, 1), "b": RNG.standard_normal((30, 4, 20))}
    assert list(kinds_of(turned).values()) == [Kind.VALUES, Kind.VALUES]
    state = {"a": SEQUENCES, "h": RNG.standard_normal((30, 20, 4))}
    assert kinds_of(state, states={"h"}) == {"a": Kind.SEQUENCE, "h": Kind.STATE}


def test_states_are_states_whatever_they_hold():
    assert kinds_of({"h": LOGITS}, states={"h"}) == {"h": Kind.STATE}
