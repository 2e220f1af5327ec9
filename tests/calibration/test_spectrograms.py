"""Synthetic spectrograms: of the size that was asked for, standardized, and with bands that show what sounds."""

from __future__ import annotations

import numpy as np
import pytest

from paoding_onnx.calibration.sounds import RATE
from paoding_onnx.calibration.spectrograms import STEP, WINDOW, families, magnitudes, spectrogram


@pytest.mark.parametrize(("n_bands", "n_frames"), [(80, 50), (40, 3), (257, 12)])
def test_spectrograms_have_their_size_and_are_standardized(n_bands, n_frames):
    for make in families(n_bands, n_frames).values():
        rows = make(np.random.default_rng(0), 3)
        assert rows.shape == (3, n_bands, n_frames)
        np.testing.assert_allclose(rows.mean((1, 2)), 0, atol=1e-4)
        np.testing.assert_allclose(rows.std((1, 2)), 1, rtol=1e-3)


def test_higher_tone_is_loud_in_a_higher_band():
    time = np.arange(STEP * 9 + WINDOW) / RATE
    loudest = [
        spectrogram(np.sin(2 * np.pi * pitch * time).astype(np.float32), 40).mean(1).argmax()
        for pitch in (200, 1000, 4000)
    ]
    assert loudest == sorted(set(loudest))


def test_silence_is_finite():
    assert np.isfinite(spectrogram(np.zeros(WINDOW + STEP, np.float32), 40)).all()


def test_frames_that_lie_end_to_end_are_those_that_follow():
    for make in families(400, 6).values():
        rows = make(np.random.default_rng(0), 2).reshape(2, 5, 80, 6)
        for k in range(4):
            np.testing.assert_array_equal(rows[:, k, :, 1:], rows[:, k + 1, :, :-1])


def test_magnitudes_are_positive_and_few_are_large():
    made = magnitudes(np.random.default_rng(0).standard_normal(10_000).astype(np.float32))
    assert made.min() > 0
    assert np.median(made) < made.mean() / 2
