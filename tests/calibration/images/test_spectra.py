"""Noise with the spectrum of photographs: exponents, deviations, channels."""

from __future__ import annotations

import numpy as np
import pytest

from paoding_onnx.calibration.images.spectra import clouds, waves


def test_amplitude_of_noise_falls_with_frequency():
    spectrum = np.abs(np.fft.fft(clouds(np.random.default_rng(0), 50, 64, 64, 1)[..., 0], axis=2)).mean((0, 1))
    assert spectrum[1] > 2 * spectrum[4] > 4 * spectrum[16]


def slope_of(amplitude, frequency):
    """The exponent of a power law through amplitudes."""
    return -np.polyfit(np.log(frequency), np.log(amplitude), 1)[0]


@pytest.mark.parametrize("exponent", [0.5, 1.0, 1.6])
def test_noise_of_a_line_falls_with_its_exponent(exponent):
    noise = waves(np.random.default_rng(0), 400, 128, exponent)
    amplitude = np.sqrt((np.abs(np.fft.rfft(noise)) ** 2).mean(axis=0))[1:60]
    assert slope_of(amplitude, np.arange(1, 60)) == pytest.approx(exponent, abs=0.05)


@pytest.mark.parametrize("exponent", [0.7, 1.4])
def test_noise_of_an_image_falls_with_its_exponent(exponent):
    noise = clouds(np.random.default_rng(0), 100, 64, 64, 1, exponent)[..., 0]
    amplitude = np.sqrt((np.abs(np.fft.fft2(noise)) ** 2).mean(axis=0))
    frequency = np.hypot(*np.meshgrid(np.fft.fftfreq(64), np.fft.fftfreq(64)))
    inner = (frequency > 0) & (frequency < 0.45)
    assert slope_of(amplitude[inner], frequency[inner]) == pytest.approx(exponent, abs=0.05)


def test_every_image_may_have_an_exponent_of_its_own():
    noise = clouds(np.random.default_rng(0), 2, 64, 64, 1, np.array([0.0, 2.0], np.float32))[..., 0]
    rough, smooth = np.abs(np.diff(noise, axis=2)).mean(axis=(1, 2))
    assert rough > 5 * smooth


def test_noise_has_mean_zero_and_deviation_one():
    for made in (clouds(np.random.default_rng(0), 3, 20, 28, 1)[..., 0], waves(np.random.default_rng(0), 3, 40, 1.0)):
        flat = made.reshape(3, -1)
        np.testing.assert_allclose(flat.mean(axis=1), 0, atol=1e-5)
        np.testing.assert_allclose(flat.std(axis=1), 1, rtol=1e-4)


def test_colours_of_noise_vary_together():
    noise = clouds(np.random.default_rng(0), 20, 32, 32, 3)
    assert np.corrcoef(noise.reshape(-1, 3).T)[np.triu_indices(3, 1)].min() > 0.5


@pytest.mark.parametrize("made", [(1, 1), (1, 9), (9, 1)])
def test_smallest_images_of_noise_are_numbers(made):
    assert np.isfinite(clouds(np.random.default_rng(0), 2, *made, 3)).all()
