"""Synthetic sound: seeded, within what files hold, faint and loud, with tones that last."""

from __future__ import annotations

import numpy as np
import pytest

from paoding_onnx.calibration.sounds import families

FAMILIES = families()


def made(name, count=12, length=8000, seed=0):
    return FAMILIES[name](np.random.default_rng(seed), count, length)


@pytest.mark.parametrize("name", FAMILIES)
def test_rows_are_seeded_and_within_what_files_hold(name):
    rows = made(name)
    assert (rows.shape, rows.dtype) == ((12, 8000), np.float32)
    assert np.abs(rows).max() < 1.1
    assert np.array_equal(rows, made(name))
    assert not np.array_equal(rows, made(name, seed=1))


@pytest.mark.parametrize("name", FAMILIES)
def test_some_rows_are_faint_and_some_loud(name):
    peaks = np.abs(made(name, count=40)).max(1)
    assert peaks.min() < 0.2
    assert peaks.max() > 0.5


@pytest.mark.parametrize("name", FAMILIES)
@pytest.mark.parametrize("length", [1, 2, 576])
def test_short_rows_are_cut_out_of_longer_sounds(name, length):
    rows = made(name, count=5, length=length)
    assert rows.shape == (5, length)
    assert np.isfinite(rows).all()


def test_power_of_tones_stands_in_few_frequencies_and_that_of_noise_in_many():
    def share(name):
        power = np.square(np.abs(np.fft.rfft(made(name, count=20, length=16000))))
        highest = np.sort(power, 1)[:, -400:].sum(1)
        return float(np.median(highest / power.sum(1)))

    assert share("tones") > 0.9
    assert share("tones") > share("noise")


def test_voices_pause():
    rows = made("voices", count=20, length=16000)
    loud = np.abs(rows.reshape(20, 100, 160)).max(2)
    assert 0.02 < np.mean(loud < 0.1 * loud.max(1, keepdims=True)) < 0.9
