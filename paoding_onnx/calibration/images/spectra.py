"""Noise with the spectrum of photographs: amplitude falls with frequency f as f ** -a, colours vary together.

Source: Field, "Relations between the statistics of natural images and the response properties of cortical cells",
JOSA A 4 (1987).
"""

from __future__ import annotations

import numpy as np

from paoding_onnx.calibration.images.colours import mixing
from paoding_onnx.calibration.images.frame import Floats


def clouds(
    rng: np.random.Generator, count: int, height: int, width: int, n_channels: int, exponent: float | Floats = 1.0
) -> Floats:
    """Noise `(count, height, width, n_channels)` of mean 0 and deviation about 1; `exponent` may be one per image."""
    mix = mixing(n_channels)
    frequency = np.hypot(np.fft.fftfreq(height)[:, None], np.fft.rfftfreq(width)).astype(np.float32)
    frequency[0, 0] = np.inf
    amplitude = frequency ** -np.reshape(np.asarray(exponent, np.float32), (-1, 1, 1))
    parts = []
    for _ in range(len(mix)):
        white = rng.standard_normal((count, height, width), np.float32)
        field = np.fft.irfft2(np.fft.rfft2(white) * amplitude, (height, width)).astype(np.float32)
        parts.append(field / np.maximum(field.std((1, 2), keepdims=True), 1e-6))
    return np.stack(parts, -1) @ mix


def waves(rng: np.random.Generator, count: int, length: int, exponent: float) -> Floats:
    """Noise `(count, length)` of mean 0 and deviation 1 whose amplitude falls as f ** -exponent."""
    frequency = np.fft.rfftfreq(length).astype(np.float32)
    frequency[0] = np.inf
    white = rng.standard_normal((count, length), np.float32)
    noise = np.fft.irfft(np.fft.rfft(white) * frequency**-exponent, length).astype(np.float32)
    return np.asarray(noise / np.maximum(noise.std(1, keepdims=True), 1e-6), np.float32)
