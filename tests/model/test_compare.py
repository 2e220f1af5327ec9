"""How far outputs differ: by their own size, by what classes they speak of, by the variance they have."""

from __future__ import annotations

import numpy as np
import pytest

from paoding_onnx.model import compare
from paoding_onnx.model.compare import (
    LOST,
    channel_axis,
    channel_changes,
    distance,
    divergence,
    entropy,
    log_softmax,
    log_sum_exp,
    output_difference,
    output_distance,
    relative_error,
    root_mean_square,
    sigmoid,
    softmax,
    told_less,
)

RNG = np.random.default_rng(0)
SCORES = RNG.standard_normal((200, 5))
OTHERS = SCORES + 0.3 * RNG.standard_normal((200, 5))


def test_difference_is_relative_to_the_size_of_the_output():
    before = {"y": np.array([3.0, 4.0], np.float32)}
    assert output_difference(before, {"y": np.array([3.0, 4.0], np.float32)}) == 0
    assert output_difference(before, {"y": np.array([3.0, 3.0], np.float32)}) == pytest.approx(1 / 5)


def test_difference_is_that_of_the_output_that_moved_most():
    one, two = np.ones(2, np.float32), np.full(2, 2, np.float32)
    assert output_difference({"y": one, "z": one}, {"y": one, "z": two}) == pytest.approx(1)


@pytest.mark.parametrize(
    ("before", "after", "difference"),
    [([1, 2], [1, 2], 0), ([1, 2], [1, 3], 1), ([0.0, 0.0], [0.0, 0.5], 0.5), ([1.0], [1.0, 1.0], 1)],
    ids=["same labels", "other labels", "from nothing", "other shape"],
)
def test_difference_where_no_ratio_makes_sense(before, after, difference):
    assert output_difference({"y": np.array(before)}, {"y": np.array(after)}) == difference


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_difference_is_computed_in_double_precision(dtype):
    big = np.full(4, 6e4, dtype)
    assert output_difference({"y": big}, {"y": big * dtype(0.5)}) == pytest.approx(0.5, rel=1e-3)


def divergence_of(p, q):
    """Kullback-Leibler divergence, row by row and class by class."""
    return np.mean([sum(a * np.log(a / b) for a, b in zip(*rows, strict=True)) for rows in zip(p, q, strict=True)])


def test_probabilities_are_compared_by_their_divergence():
    p, q = softmax(SCORES), softmax(OTHERS)
    assert output_distance([p], [q]) == pytest.approx(divergence_of(p, q), rel=1e-6)


def test_scores_are_compared_by_the_larger_of_divergence_and_change():
    change = np.mean(np.mean((SCORES - OTHERS) ** 2, 0) / SCORES.var(0))
    wanted = max(change, divergence_of(softmax(SCORES), softmax(OTHERS)))
    assert output_distance([SCORES], [OTHERS]) == pytest.approx(wanted)
    assert output_distance([SCORES], [SCORES + 1]) == pytest.approx(
        np.mean(1 / SCORES.var(0))
    )  # the same classes, all shifted


def test_scores_that_differ_in_their_classes_alone_are_told_apart():
    """A huge common offset of each row hides the change beside the variance, and leaves the divergence."""
    offset = 1e3 * RNG.standard_normal((200, 1))
    wanted = divergence_of(softmax(SCORES), softmax(OTHERS))
    assert output_distance([SCORES + offset], [OTHERS + offset]) == pytest.approx(wanted, rel=1e-6)


@pytest.mark.parametrize("shape", [(200, 1), (200,)])
def test_other_outputs_are_compared_by_their_variance(shape):
    before = RNG.standard_normal(shape) + 3
    assert output_distance([before], [before + 0.5]) == pytest.approx(0.25 / before.var())


def rare_positives() -> np.ndarray:
    """What a detector says of 400 cells of 20 images: no, nearly everywhere."""
    values = np.full((20, 400, 1), 1e-3)
    values[RNG.random(values.shape) < 0.01] = 0.9
    return values


def test_chances_that_are_always_the_same_lose_all_that_they_tell():
    before = rare_positives()
    shares = [output_distance([before], [np.maximum(before, least)]) for least in (0, 0.1, 0.3, 0.6)]
    assert shares[0] == 0
    assert shares == sorted(shares)
    assert output_distance([before], [np.full_like(before, np.clip(before, 0.05, 0.95).mean())]) == pytest.approx(1)


def test_chances_that_say_no_a_little_less_surely_lose_nothing():
    before = rare_positives()
    assert output_distance([before], [np.where(before > 0.5, before, 0.04)]) == 0
    assert output_distance([before], [np.where(before > 0.5, 0.04, before)]) > 0.9


def test_chances_that_tell_nothing_have_no_share():
    steady = np.full((20, 3), 0.2)
    steady[0] = 0.2 + 1e-9
    assert told_less(steady, steady / 2) is None


def test_chances_that_are_surely_wrong_are_lost():
    before = rare_positives()
    assert output_distance([before], [1 - before]) == LOST


def detections(n_samples: int = 20) -> np.ndarray:
    """Boxes of some hundred pixels and scores of some thousandths, one above the other."""
    boxes, scores = 100 * RNG.random((n_samples, 4, 30)), 1e-3 * RNG.random((n_samples, 3, 30))
    return np.concatenate([boxes, scores], axis=1)


def test_scores_beside_boxes_count_on_their_own_scale():
    before = detections()
    after = before.copy()
    after[:, 4:] = after[:, 4:].mean()
    assert relative_error(before, after) < 1e-4
    assert channel_changes(before, after).tolist() == pytest.approx([0] * 4 + [1] * 3, abs=0.01)
    assert output_distance([before], [after]) == pytest.approx(3 / 7, abs=0.01)


@pytest.mark.parametrize("axis", [1, 2])
def test_channels_are_found_wherever_they_lie(axis):
    assert channel_axis(np.moveaxis(detections(), 1, axis)) == axis


@pytest.mark.parametrize("shape", [(4, 1, 32, 48), (4, 32, 48, 1)])
def test_map_of_one_channel_counts_as_a_whole(shape):
    before = np.zeros((4, 32, 48))
    before[:, 10:20, 10:20] = 1.0
    after = before + 0.01 * np.random.default_rng(0).normal(size=before.shape)  # where nothing was, there is a little
    changes = channel_changes(before.reshape(shape), after.reshape(shape))
    assert changes.shape == (1,)
    assert changes[0] < 0.01


def test_rows_of_boxes_are_no_map_of_one_channel():
    boxes = np.stack([np.full((2, 1, 100), 50.0), np.full((2, 1, 100), 0.5)], axis=-1)
    assert channel_changes(boxes + np.arange(2).reshape(2, 1, 1, 1), boxes).shape == (2,)


def test_channel_that_is_ruined_counts_as_lost_and_not_as_all():
    before = detections()
    after = before.copy()
    after[:, 0] *= 1e6
    assert output_distance([before], [after]) == pytest.approx(LOST / 7)


def test_channel_that_never_changes_is_left_out():
    before = np.stack([RNG.random(50), np.full(50, 7.0)], axis=1)
    assert channel_changes(before, before + 1).size == 1


def test_batches_count_as_one():
    parts = np.split(SCORES, 4), np.split(OTHERS, 4)
    assert output_distance(*parts) == pytest.approx(output_distance([SCORES], [OTHERS]))


@pytest.mark.parametrize(
    ("before", "after"),
    [(np.array(["a"]), np.array(["a"])), (np.ones((2, 3)), np.ones((2, 4)))],
    ids=["strings", "other shape"],
)
def test_outputs_that_cannot_be_compared_have_no_share(before, after):
    assert output_distance([before], [after]) is None


def test_output_that_never_changes_has_no_share_unless_it_speaks_of_classes():
    assert output_distance([np.ones((4, 1))], [np.zeros((4, 1))]) is None
    assert output_distance([np.ones((4, 2))], [np.tile([1.0, 3.0], (4, 1))]) == pytest.approx(
        divergence_of([[0.5, 0.5]], softmax(np.array([[1.0, 3.0]])))
    )


def test_distance_is_the_mean_over_outputs_of_floats():
    before = {"y": [SCORES], "z": [SCORES[:, :1]], "labels": [SCORES.argmax(1)]}
    after = {"y": [OTHERS], "z": [OTHERS[:, :1]], "labels": [OTHERS.argmax(1)]}
    shares = [output_distance(before[name], after[name]) for name in ("y", "z")]
    assert distance(before, after) == pytest.approx(np.mean(shares))


def test_whole_numbers_count_where_there_are_no_floats():
    assert distance({"y": [np.arange(3)]}, {"y": [np.zeros(3, int)]}) == pytest.approx(2 / 3)
    assert distance({"y": [np.array(["a"])]}, {"y": [np.array(["b"])]}) == 0


@pytest.mark.parametrize("shift", [0.0, 1e4])
def test_softmax_is_that_of_the_differences_however_large_the_numbers(shift):
    powers = np.exp(SCORES)
    np.testing.assert_allclose(softmax(SCORES + shift), powers / powers.sum(1, keepdims=True), rtol=1e-9)


def test_sigmoid_is_the_softmax_against_zero():
    logits = np.array([-1e3, -2.0, 0.0, 3.0, 1e3])
    pairs = np.stack([logits, np.zeros_like(logits)], 1)
    np.testing.assert_allclose(sigmoid(logits), softmax(pairs)[:, 0], atol=1e-15)


def test_sigmoid_keeps_the_digits_of_small_probabilities():
    logits = np.array([-700.0, -50.0, -1.0])
    np.testing.assert_allclose(sigmoid(logits), np.exp(logits) / (1 + np.exp(logits)), rtol=1e-14)


@pytest.mark.parametrize("shift", [0.0, 1e4])
def test_log_softmax_is_the_logarithm_of_the_softmax(shift):
    np.testing.assert_allclose(log_softmax(SCORES + shift), np.log(softmax(SCORES)), rtol=1e-9)
    np.testing.assert_allclose(log_softmax(SCORES), SCORES - log_sum_exp(SCORES)[:, None], rtol=1e-12)


def test_divergence_is_that_of_probabilities():
    p, q = softmax(SCORES), softmax(OTHERS)
    assert divergence(log_softmax(SCORES), log_softmax(OTHERS)) == pytest.approx(divergence_of(p, q))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_entropy_counts_classes_that_cannot_be_as_nothing(dtype):
    found = entropy(np.array([[0.5, 0.5, 0.0], [1.0, 0.0, 0.0]], dtype))
    assert found.dtype == dtype
    np.testing.assert_allclose(found, [np.log(2), 0], atol=1e-6)


def test_root_mean_square_is_of_all_entries():
    assert root_mean_square(np.array([[3.0, 0.0], [0.0, 4.0]])) == 2.5


def test_batch_that_is_empty_beside_others_changes_nothing():
    """A detector that finds nothing in the first image."""
    found = {"boxes": [np.zeros((1, 0, 6), np.float32), np.ones((1, 4, 6), np.float32)]}
    assert distance(found, found) == 0
    assert channel_axis(np.zeros((1, 0, 6))) in (1, 2)


def test_numbers_are_compared_a_part_at_a_time_as_all_at_once(monkeypatch):
    before, after = (RNG.standard_normal((7, 5, 12)) for _ in range(2))
    before[0, 0, 0] = after[1, 2, 3] = 1e4
    shares = [np.exp(log_softmax(of.reshape(35, 12))) for of in (before, after)]

    def measured():
        whole = {"y": [shares[0]]}, {"y": [shares[1]]}
        return [relative_error(before, after), channel_axis(before), *channel_changes(before, after), distance(*whole)]

    wanted = measured()
    monkeypatch.setattr(compare, "_BLOCK", 20)
    assert measured() == pytest.approx(wanted, rel=1e-12)
