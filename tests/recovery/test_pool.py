"""The inputs that are learned from: which are images, what copies of them are, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest

from paoding_onnx.calibration.samples import Samples
from paoding_onnx.errors import ModelError
from paoding_onnx.recovery.pool import image_sides, pool_of

RNG = np.random.default_rng(0)
N = 160
IMAGES = RNG.random((N, 3, 10, 12)).astype(np.float32)
ROWS = RNG.random((N, 5)).astype(np.float32)


def samples(**arrays):
    return Samples((arrays,), "random")


def drawn(n_wanted, **arrays):
    return pool_of(samples(**arrays), n_wanted, 16, np.random.default_rng(1))


def content(found):
    return {name: values[:] for name, values in found.inputs.items()}


def test_images_are_told_by_their_channels():
    assert image_sides(IMAGES) == (2, 3)
    assert image_sides(IMAGES.transpose(0, 2, 3, 1)) == (1, 2)
    assert image_sides(ROWS) is None
    assert image_sides(np.zeros((2, 64, 16, 16), np.float32)) is None


def test_rows_are_drawn_once_in_random_order():
    found = drawn(1000, x=ROWS)
    assert found.count == N
    assert sorted(map(tuple, content(found)["x"].tolist())) == sorted(map(tuple, ROWS.tolist()))


def test_images_are_drawn_again_as_other_copies():
    found = drawn(1000, x=IMAGES)
    assert content(found)["x"].shape == (found.count, 3, 10, 12) == (992, 3, 10, 12)
    assert len({image.tobytes() for image in content(found)["x"]}) > 4 * N
    assert set(np.unique(content(found)["x"])) <= set(np.unique(IMAGES))


def test_copies_are_the_same_however_many_are_asked_for():
    copies = drawn(1000, x=IMAGES).inputs["x"]
    assert len(copies) == 992
    np.testing.assert_array_equal(np.concatenate([copies[k : k + 100] for k in range(0, 992, 100)]), copies[:])


def test_feeds_are_the_first_inputs_in_whole_batches():
    found = drawn(300, x=IMAGES, z=ROWS)
    wanted = content(found)
    feeds = found.feeds(16, 40)
    assert [len(feed["x"]) for feed in feeds] == [16, 16, 16]
    np.testing.assert_array_equal(np.concatenate([feed["x"] for feed in feeds]), wanted["x"][:48])
    np.testing.assert_array_equal(feeds[1:][0]["z"], wanted["z"][16:32])
    assert len(found.feeds(16, 10_000)) == found.count // 16


def test_copies_of_what_is_held_back_are_never_learned_from():
    plain = np.broadcast_to(np.arange(N, dtype=np.float32)[:, None, None, None], IMAGES.shape).copy()
    found = drawn(1000, x=plain)
    numbers = content(found)["x"][:, 0, 0, 0]
    assert found.n_held == 112
    assert set(numbers[: found.n_held]).isdisjoint(numbers[found.n_held :])
    assert set(numbers) == set(range(N))


def test_images_of_one_channel_are_never_mirrored():
    ramp = np.broadcast_to(np.arange(12, dtype=np.float32), (N, 1, 10, 12)).copy()
    found = content(drawn(N, x=ramp))["x"]
    assert (found[:, 0, 5, 9] > found[:, 0, 5, 2]).all()


def test_inputs_of_one_sample_stay_together():
    numbers = np.arange(N, dtype=np.float32)
    plain = np.broadcast_to(numbers[:, None, None, None], IMAGES.shape).copy()
    found = content(drawn(300, x=plain, z=numbers))
    np.testing.assert_array_equal(found["x"][:, 0, 0, 0], found["z"])


def test_input_that_all_samples_share_is_refused():
    with pytest.raises(ModelError, match="'state' does not hold one entry for each sample"):
        drawn(N, x=ROWS, state=np.zeros((2, 6), np.float32))


def test_few_samples_are_refused_however_many_copies_are_to_be_had():
    with pytest.raises(ModelError, match="16 inputs are too few to learn from"):
        drawn(1000, x=IMAGES[:16])


def test_what_is_left_of_128_calibration_samples_after_a_fifth_was_held_back_is_enough():
    assert drawn(1000, x=IMAGES[:103]).count == 992


def test_a_part_of_the_inputs_may_be_small_and_comes_as_often_as_it_takes():
    with pytest.raises(ModelError, match="too few"):
        pool_of(samples(x=ROWS[:9]), 1000, 16, np.random.default_rng(1))
    found = pool_of(samples(x=ROWS[:9]), 1000, 16, np.random.default_rng(1), is_part=True)
    assert (found.count, found.n_held) == (32, 16)
    learned, held = (set(map(tuple, part.tolist())) for part in (content(found)["x"][16:], content(found)["x"][:16]))
    assert learned | held == set(map(tuple, ROWS[:9].tolist()))
    assert not learned & held
