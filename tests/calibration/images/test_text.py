"""Lines of text: ink that begins and ends where writing does, in letters that can be told apart."""

from __future__ import annotations

import numpy as np

from paoding_onnx.calibration.images import text
from paoding_onnx.calibration.images.text import ink


def test_ink_covers_a_part_of_each_line():
    made = ink(np.random.default_rng(0), 64, 32, 160)
    assert (made.shape, made.dtype) == ((64, 32, 160), np.float32)
    assert (made.min(), made.max()) == (0, 1)
    covered = (made > 0.5).mean((1, 2))
    assert 0.03 < np.median(covered) < 0.3
    assert (covered > 0).mean() > 0.8


def test_same_seed_gives_the_same_lines():
    first, again, other = (ink(np.random.default_rng(seed), 4, 24, 96) for seed in (3, 3, 4))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


def test_some_lines_end_before_the_image_does():
    made = ink(np.random.default_rng(0), 128, 32, 256).max(1) > 0.5
    ends = np.array([np.flatnonzero(line).max(initial=0) for line in made]) / 256
    assert 0.2 < (ends < 0.8).mean() < 0.6


def test_lines_are_written_at_any_size():
    for height, width in ((8, 16), (16, 33), (80, 640)):
        assert ink(np.random.default_rng(1), 3, height, width).shape == (3, height, width)


def test_letters_are_all_different_and_stand_on_one_line():
    letters = text._letters()
    assert len(letters) == 62
    assert len({letter.tobytes() for letter in letters}) == 62
    places = np.concatenate([letter.reshape(-1, 2) for letter in letters])
    assert places.min() == 0
    assert tuple(places.max(0)) == (4, 8)
    assert np.mean([letter[..., 1].max() == 6 for letter in letters]) > 0.9


def test_characters_of_no_script_fill_their_square():
    made = [text._character(np.random.default_rng(seed)) for seed in range(100)]
    sizes = np.array([np.ptp(one.reshape(-1, 2), axis=0) for one in made])
    assert np.median(sizes, axis=0).min() > 4
    assert sizes.max() < 12
