"""Families of synthetic sound, all `(count, length)` in [-1, 1]: tones, voices and noise, as if 16,000 times a second.

Recordings differ most in loudness, so that each family has faint ones and loud ones, with silence in between.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

import numpy as np

from paoding_onnx.calibration.images.frame import Floats
from paoding_onnx.calibration.images.spectra import waves

Family = Callable[[np.random.Generator, int, int], Floats]
"""Makes so many rows of so many numbers."""
RATE = 16000
_SHORTEST = RATE
"""Shorter rows are cut out of sounds of this length."""
_TONES, _OVERTONES, _FORMANTS = 6, 8, 3
_LOW, _HIGH = 60.0, 1200.0
"""Pitches of tones, in Hz."""


def families() -> Mapping[str, Family]:
    """The families by the name they have in reports."""
    return MappingProxyType({"tones": _cut(_tones), "voices": _cut(_voice), "noise": noise})


def noise(rng: np.random.Generator, count: int, length: int) -> Floats:
    """Noise that falls with frequency more or less, swelling and fading."""
    exponents = rng.uniform(0.0, 1.4, 4)
    rows = np.concatenate([waves(rng, -(-count // 4), length, float(exponent)) for exponent in exponents])
    swelling = np.exp(waves(rng, 4 * -(-count // 4), length, 1.5))
    loud = rows * swelling
    loud /= np.maximum(np.abs(loud).max(1, keepdims=True), 1e-9)
    return np.asarray(loud[rng.permutation(len(loud))[:count]] * _loudness(rng, count), np.float32)


def _cut(make: Callable[[np.random.Generator, int], Floats]) -> Family:
    """A family of rows that are cut out of sounds which `make` makes one at a time, over a faint noise."""

    def family(rng: np.random.Generator, count: int, length: int) -> Floats:
        whole = max(length, _SHORTEST)
        each = whole // length
        sounds = np.stack([make(rng, whole) for _ in range(-(-count // each))])
        rows = sounds[:, : each * length].reshape(-1, length)[rng.permutation(len(sounds) * each)[:count]]
        hiss = 10 ** rng.uniform(-4, -2, (count, 1)) * rng.standard_normal((count, length), np.float32)
        return np.asarray(rows + hiss, np.float32)

    return family


def _tones(rng: np.random.Generator, length: int) -> Floats:
    """Tones with overtones that begin at some time, softly or not, and die away."""
    sound = np.zeros(length, np.float32)
    slope, seconds = rng.uniform(0.5, 3), np.arange(length, dtype=np.float32) / RATE
    for _ in range(rng.integers(1, _TONES + 1)):
        start = int(rng.integers(0, max(length - RATE // 20, 1)))
        time = seconds[: length - start]
        envelope = np.minimum(time / rng.uniform(0.003, 0.08), 1) * np.exp(-rng.uniform(0.3, 8) * time)
        ends = time < rng.uniform(0.05, 1.5)
        pitch = _LOW * (_HIGH / _LOW) ** rng.random()
        sound[start:] += envelope * ends * _overtones(rng, pitch * time, slope, pitch)
    return _as_loud(rng, sound)


def _overtones(rng: np.random.Generator, turns: Floats, slope: float, pitch: float) -> Floats:
    """A tone with its overtones, all that a recording holds; `turns` of the lowest, `(length,)`."""
    step = np.exp(2j * np.pi * turns).astype(np.complex64)
    turned, sound = np.ones_like(step), np.zeros(len(turns), np.float32)
    for k in range(1, min(_OVERTONES, int(RATE / 2 / pitch)) + 1):
        turned = turned * step
        sound += rng.uniform(0.2, 1) / k**slope * turned.imag
    return sound


def _voice(rng: np.random.Generator, length: int) -> Floats:
    """Syllables: hissing noise, or a pitch that glides under the peaks of a mouth, with pauses."""
    sound, place = np.zeros(length, np.float32), int(rng.integers(0, RATE // 4))
    pitch = rng.uniform(80, 260)
    while place < length:
        n = min(int(rng.uniform(0.06, 0.35) * RATE), length - place)
        shape = np.sin(np.pi * (np.arange(n, dtype=np.float32) + 0.5) / n) ** 0.5
        sound[place : place + n] = shape * rng.uniform(0.2, 1) * _syllable(rng, n, pitch)
        place += n + int(rng.exponential(0.06) * RATE) * int(rng.random() < 0.6)
    return _as_loud(rng, sound)


def _syllable(rng: np.random.Generator, length: int, pitch: float) -> Floats:
    """One sound of a voice, of deviation 1."""
    frequency = np.fft.rfftfreq(max(length, 2), 1 / RATE).astype(np.float32)
    if rng.random() < 0.3:
        source = rng.standard_normal(length, np.float32)
        gains = np.exp(-(((frequency - rng.uniform(2500, 6500)) / 1500) ** 2))
    else:
        glide = pitch * (1 + rng.uniform(-0.2, 0.2) * np.linspace(-1, 1, length))
        turns = np.cumsum(glide / RATE)
        source = np.diff(np.floor(turns), prepend=0).astype(np.float32)  # one pulse for each turn
        peaks = rng.uniform([250, 800, 2000], [900, 2400, 3400])
        widths = rng.uniform(60, 200, _FORMANTS)
        gains = np.sum([0.5**k / (1 + ((frequency - peaks[k]) / widths[k]) ** 2) for k in range(_FORMANTS)], 0)
    made = np.fft.irfft(np.fft.rfft(source, max(length, 2)) * gains, max(length, 2))[:length]
    return np.asarray(made / max(float(made.std()), 1e-9), np.float32)


def _as_loud(rng: np.random.Generator, sound: Floats) -> Floats:
    return np.asarray(sound / max(float(np.abs(sound).max()), 1e-9) * _loudness(rng, 1)[0], np.float32)


def _loudness(rng: np.random.Generator, count: int) -> Floats:
    """The highest value of each row, `(count, 1)`: from faint to all that a file holds."""
    return np.asarray(10 ** rng.uniform(-1.5, 0, (count, 1)), np.float32)
