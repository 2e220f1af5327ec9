"""The inputs that are learned from: which are images, what copies of them are, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest

from paoding_onnx.calibration.samples import Samples
from paoding_onnx.errors import ModelError
from paoding_onnx.recovery.pool import image_sides, pool_of

RNG = np.random.default_rng(0)
IMAGES = RNG.random((6, 3, 10, 12)).astype(np.float32)
ROWS = RNG.random((6, 5)).astype(np.float32)


def samples(**arrays):
    return Samples((arrays,), "random")


def test_images_are_told_by_their_channels():
    assert image_sides(IMAGES) == (2, 3)
    assert image_sides(IMAGES.transpose(0, 2, 3, 1)) == (1, 2)
    assert image_sides(ROWS) is None
    assert image_sides(np.zeros((2, 64, 16, 16), np.float32)) is None


def test_rows_are_drawn_once_in_random_order():
    found = pool_of(samples(x=ROWS), 100, np.random.default_rng(1))["x"]
    assert sorted(map(tuple, found.tolist())) == sorted(map(tuple, ROWS.tolist()))


def test_images_are_drawn_again_as_other_copies():
    found = pool_of(samples(x=IMAGES), 40, np.random.default_rng(1))["x"]
    assert found.shape == (40, 3, 10, 12)
    assert len({image.tobytes() for image in found}) > 20
    assert set(np.unique(found)) <= set(np.unique(IMAGES))


def test_images_of_one_channel_are_never_mirrored():
    ramp = np.broadcast_to(np.arange(12, dtype=np.float32), (4, 1, 10, 12)).copy()
    found = pool_of(samples(x=ramp), 64, np.random.default_rng(1))["x"]
    assert (found[:, 0, 5, 9] > found[:, 0, 5, 2]).all()


def test_inputs_of_one_sample_stay_together():
    numbers = np.arange(6, dtype=np.float32)
    plain = np.broadcast_to(numbers[:, None, None, None], IMAGES.shape).copy()
    found = pool_of(samples(x=plain, z=numbers), 20, np.random.default_rng(1))
    np.testing.assert_array_equal(found["x"][:, 0, 0, 0], found["z"])


def test_input_that_all_samples_share_is_refused():
    with pytest.raises(ModelError, match="'state' does not hold one entry for each sample"):
        pool_of(samples(x=ROWS, state=np.zeros((2, 6), np.float32)), 6, np.random.default_rng(1))
