"""What outputs say: told apart by shape, numbers and name, each compared by the measure that its users care about."""

from __future__ import annotations

import numpy as np
import pytest

from paoding_onnx.evaluation.answers import changes, output_change, rank_correlation
from paoding_onnx.evaluation.kinds import Kind, kind_of
from paoding_onnx.model.compare import softmax
from tests.outputs import DETECTIONS, LOGITS, POINTS, RNG, SEQUENCES, UNIT


@pytest.mark.parametrize("values", [LOGITS, SEQUENCES, UNIT, DETECTIONS, np.arange(5)])
def test_nothing_changed_beside_itself(values):
    found = output_change("y", values, values)
    assert (found.typical, found.worst) == (0, 0)
    assert found.same in (None, 1)
    assert found.order in (None, 1)


def test_top_1_that_turned_is_another_answer():
    after = LOGITS.copy()
    after[:15] = after[:15, ::-1]
    assert output_change("y", LOGITS, after).same == pytest.approx(0.75)


def test_landmarks_move_on_the_scale_of_each_of_them_alone():
    """They lie far apart, and stray by 5 about their own places: as much again is no small change."""
    found = output_change("points", POINTS, POINTS + 5)
    assert found.typical == pytest.approx(1, rel=0.3)


def test_places_without_a_number_hide_no_change_of_the_others():
    before = RNG.standard_normal((40, 3))
    before[::3, 1] = np.nan
    found = output_change("box", before, before + 1)
    assert found.typical > 0.5
    assert 0 < found.variety <= 1
    assert output_change("box", before, before.copy()).worst == 0


def test_numbers_that_became_none_are_lost():
    before = RNG.standard_normal((40, 3))
    after = before.copy()
    after[:, 2] = np.nan
    assert output_change("box", before, after).worst > 1


def test_one_number_for_all_inputs_that_became_another_changed():
    before = np.full((40, 3), 5.0)
    assert output_change("box", before, np.full((40, 3), 9.0)).typical == pytest.approx(0.64)
    assert output_change("box", before, before).typical == 0


def test_tags_are_compared_token_by_token_where_most_say_nothing_and_one_says_more():
    before = np.eye(4)[[[0, 0, 0, 1, 0, 2], [0, 3, 0, 0, 1, 0]]]
    after = np.eye(4)[[[0, 0, 0, 1, 0, 2], [0, 3, 0, 0, 0, 0]]]
    (found,) = changes({"y": before}, {"y": after}, by_token={"y"})
    assert (found.kind, found.same) == (Kind.TAGS, 0.75)
    assert found.variety == 0.5  # two rows that are not the same, though most of their tokens are
    assert changes({"y": before}, {"y": after})[0].same == 0.5


def test_tags_of_which_none_is_said_by_most_count_everywhere():
    before = np.eye(4)[[[0, 1, 2, 3], [0, 1, 2, 3]]]
    after = np.eye(4)[[[0, 1, 2, 3], [0, 1, 2, 0]]]
    assert changes({"y": before}, {"y": after}, by_token={"y"})[0].same == pytest.approx(7 / 8)


def test_numbers_for_each_token_are_no_tags():
    values = RNG.random((4, 6, 5))
    assert changes({"y": values}, {"y": values}, by_token={"y"})[0].kind is Kind.VALUES


def test_sequence_is_the_same_when_classes_last_longer():
    before = np.eye(4)[[[0, 0, 1, 2], [1, 1, 1, 3]]]
    after = np.eye(4)[[[0, 1, 1, 2], [1, 1, 2, 3]]]
    assert output_change("y", before, after).same == 0.5


def test_blanks_between_classes_say_nothing():
    before = np.eye(4)[[[0, 0, 1, 0, 2, 0], [0, 0, 3, 0, 0, 3]]]
    moved = np.eye(4)[[[0, 1, 1, 2, 0, 0], [0, 3, 0, 0, 3, 0]]]
    merged = np.eye(4)[[[0, 0, 1, 0, 2, 0], [0, 0, 3, 3, 3, 0]]]
    assert output_change("y", before, moved).same == 1
    assert output_change("y", before, merged).same == 0.5  # one letter for two


def test_scores_beside_large_boxes_are_seen_to_move():
    after = DETECTIONS.copy()
    after[:, 4:] = after[:, 4:].mean()
    found = output_change("y", DETECTIONS, after)
    assert found.same is None
    assert found.worst == pytest.approx(1, abs=0.05)


def test_order_of_similarities_survives_a_rotation_and_not_noise():
    turn, _ = np.linalg.qr(RNG.standard_normal((64, 64)))
    assert output_change("y", UNIT, UNIT @ turn).order == pytest.approx(1, abs=1e-6)
    assert abs(output_change("y", UNIT, UNIT[::-1] * 1.0).order) < 0.3


def test_answer_that_is_always_the_same_shows_no_variety():
    steady = np.tile([0.99, 0.01], (50, 1))
    assert output_change("y", steady, steady).variety == 0
    assert output_change("y", softmax(LOGITS), softmax(LOGITS)).variety > 0.7


def test_ranks_of_equal_numbers_are_shared():
    assert rank_correlation(np.array([1.0, 1.0, 2.0]), np.array([5.0, 5.0, 9.0])) == pytest.approx(1)
    assert rank_correlation(np.array([1.0, 2.0, 3.0]), np.array([3.0, 2.0, 1.0])) == -1
    assert rank_correlation(np.array([1.0, 2.0]), np.array([4.0, 4.0])) == 0


def test_outputs_of_other_shapes_or_without_numbers_are_left_out():
    before = {"a": np.zeros((2, 3)), "b": np.array(["x"]), "c": np.zeros((2, 2))}
    after = {"a": np.zeros((3, 3)), "b": np.array(["x"]), "c": np.zeros((2, 2))}
    assert [change.output for change in changes(before, after)] == ["c"]


def test_channels_lie_where_they_did_before_even_if_they_look_otherwise_afterwards():
    before = RNG.standard_normal((4, 3, 6, 6)) * np.array([3.0, 4.0, 6.0])[:, None, None]
    after = before * np.geomspace(0.01, 100, 6)  # of other sizes along the last axis, and the same classes everywhere
    assert kind_of("y", before) is Kind.SEQUENCE
    assert output_change("y", before, after).same == 1


def test_scores_that_are_no_numbers_are_no_answers():
    after = softmax(LOGITS)
    after[:30] = np.nan
    assert output_change("y", softmax(LOGITS), after).same <= 0.5


def test_one_answer_to_all_inputs_may_be_more_or_less_sure():
    sure = np.array([[0.99, 0.01], [0.6, 0.4]] * 8)
    found = output_change("y", sure, sure)
    assert (found.kind, found.variety) == (Kind.CLASSES, 0.0)
    assert found.spread == pytest.approx(0.195)


def test_integers_of_8_bits_are_probabilities_by_what_they_were_before():
    before = np.array([[-128, 127], [90, -90], [-128, 127], [40, -40]] * 12, np.int8)
    before[:, 0] = np.linspace(-128, 127, len(before)).astype(np.int8)
    before[:, 1] = -1 - before[:, 0]
    change = output_change("y", before, before[::-1].copy())
    assert change.kind is Kind.CLASSES
    odd = before.copy()
    odd[0] = (127, 127)  # rounding that went far astray
    assert output_change("y", before, odd).typical < 0.1


def test_original_is_sure_of_a_sequence_as_far_as_of_all_its_steps():
    likely = np.full((4, 3, 5), 0.05)
    likely[..., 0], likely[2:, :, 0], likely[2:, :, 1] = 0.8, 0.05, 0.8
    change = output_change("y", likely, likely)
    assert change.kind is Kind.SEQUENCE
    assert change.sure == pytest.approx(0.8**3)
    assert output_change("y", np.log(likely), np.log(likely)).sure == pytest.approx(0.8**3)
    assert output_change("y", LOGITS, LOGITS).sure is None


def test_order_of_probabilities_survives_what_keeps_it():
    chances = RNG.random((40, 1))
    assert output_change("y", chances, chances**2).order == pytest.approx(1)


def test_classes_that_the_inputs_bring_out_are_counted_by_their_likelihood():
    four_of_ten = np.eye(10)[[0, 1, 2, 3] * 5]
    assert output_change("y", four_of_ten, four_of_ten).brought == pytest.approx(0.4)
    assert output_change("y", UNIT, UNIT).brought == 1
