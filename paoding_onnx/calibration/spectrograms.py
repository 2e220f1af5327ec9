"""Synthetic spectrograms of sound `(count, n_bands, n_frames)`: how loud each band of frequencies is over time.

Which unit a model reads them in is a convention: most are standardized, others are logarithms as they come.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

import numpy as np

from paoding_onnx.calibration import sounds
from paoding_onnx.calibration.images.frame import Floats

Family = Callable[[np.random.Generator, int], Floats]
STEP, WINDOW = 160, 400
"""Samples from frame to frame, and those that a frame looks at: 10 and 25 ms."""
UNITS: Mapping[str, tuple[float, float]] = MappingProxyType(
    {"standardized": (0.0, 1.0), "natural logarithms": (-6.0, 3.0), "decibels": (-45.0, 18.0), "in [0, 1]": (0.5, 0.2)}
)
"""Mean and deviation of spectrograms in the units in use, the most common first."""

_STACKED, _MOST_BANDS = 80, 257
"""Bands of each of several frames that lie end to end, and more than a single frame has of them."""
_SPREAD, _LOUD = 1.5, -1.5
"""Deviation and mean of the natural logarithms of magnitudes, of frames of half a thousand samples in [-1, 1]."""


def families(n_bands: int, n_frames: int) -> Mapping[str, Family]:
    """Families by the name of the sounds they show, standardized row by row."""
    found = {f"spectrograms of {name}": _shown(make, n_bands, n_frames) for name, make in sounds.families().items()}
    return MappingProxyType(found)


def stacked(n_bands: int) -> int:
    """How many frames lie end to end in rows of so many numbers: models of speech that read few frames have them so.

    >>> stacked(560), stacked(80), stacked(257)
    (7, 1, 1)
    """
    return n_bands // _STACKED if n_bands % _STACKED == 0 and n_bands > _MOST_BANDS else 1


def magnitudes(rows: Floats) -> Floats:
    """What the logarithms of power, standardized, are the logarithms of: few loud places, many faint ones."""
    return np.asarray(np.exp(_SPREAD * rows + _LOUD), np.float32)


def _shown(make: sounds.Family, n_bands: int, n_frames: int) -> Family:
    n_stacked = stacked(n_bands)

    def family(rng: np.random.Generator, count: int) -> Floats:
        rows = make(rng, count, STEP * (n_frames + n_stacked - 2) + WINDOW)
        shown = np.stack([spectrogram(row, n_bands // n_stacked) for row in rows])
        return np.concatenate([shown[:, :, k : k + n_frames] for k in range(n_stacked)], axis=1)

    return family


def spectrogram(sound: Floats, n_bands: int) -> Floats:
    """The logarithms of the power in bands of a sound, `(n_bands, n_frames)`, of mean 0 and deviation 1."""
    frames = np.lib.stride_tricks.sliding_window_view(sound, WINDOW)[::STEP] * np.hanning(WINDOW).astype(np.float32)
    power = np.square(np.abs(np.fft.rfft(frames, max(512, 4 * n_bands)))).astype(np.float32)
    logs = np.log(power @ _bands(power.shape[1], n_bands).T + 1e-8).T
    return np.asarray((logs - logs.mean()) / max(float(logs.std()), 1e-6), np.float32)


def _bands(n_frequencies: int, n_bands: int) -> Floats:
    """Triangles `(n_bands, n_frequencies)` as wide as ears hear: even at first, then ever wider (the mel scale)."""
    highest = sounds.RATE / 2
    mel = np.linspace(0, 2595 * np.log10(1 + highest / 700), n_bands + 2)
    edges = 700 * (10 ** (mel / 2595) - 1) / highest * (n_frequencies - 1)
    place = np.arange(n_frequencies)
    low, middle, high = (edges[k : k + n_bands, None] for k in range(3))
    rising, falling = (place - low) / np.maximum(middle - low, 1), (high - place) / np.maximum(high - middle, 1)
    return np.asarray(np.clip(np.minimum(rising, falling), 0, None) + 1e-6, np.float32)
