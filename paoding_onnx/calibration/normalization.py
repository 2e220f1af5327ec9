"""How pictures in [0, 1] become numbers a model wants: the usual scalings, and which of them the file speaks for."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from paoding_onnx.calibration.images.colours import Floats
from paoding_onnx.calibration.samples import InputOptions
from paoding_onnx.errors import UsageError


@dataclass(frozen=True, slots=True)
class Scaling:
    """x -> (x - mean) / std for pictures in [0, 1]; both `(n_channels,)` or `(1,)`."""

    words: str
    mean: tuple[float, ...]
    std: tuple[float, ...]

    def apply(self, pictures: Floats) -> Floats:
        """Scaled pictures; channels are the last axis."""
        mean, std = np.asarray(self.mean, np.float32), np.asarray(self.std, np.float32)
        return np.asarray((pictures - mean) / std, np.float32)


UNIT = Scaling("in [0, 1]", (0.0,), (1.0,))
BYTES = Scaling("in [0, 255]", (0.0,), (1 / 255,))
SIGNED = Scaling("in [-1, 1]", (0.5,), (0.5,))
IMAGENET = Scaling("scaled as for ImageNet", (0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
INK = Scaling("scaled as for MNIST", (0.1307,), (0.3081,))


def told(options: InputOptions, n_channels: int) -> Scaling | None:
    """The scaling that a user asked for; `None` if they said nothing.

    Raises:
        UsageError: if mean or std do not fit the number of channels.
    """
    if options.range is not None:
        low, high = options.range
        return Scaling(f"in [{low:g}, {high:g}]", (-low / (high - low),), (1 / (high - low),))
    if not options.mean and not options.std:
        return None
    for name, values in (("mean", options.mean), ("std", options.std)):
        if len(values) not in (0, 1, n_channels):
            raise UsageError(f"{name} has {len(values)} numbers, but the pictures have {n_channels} channels")
    return Scaling("scaled as given", options.mean or (0.0,), options.std or (1.0,))


def usual(n_channels: int) -> tuple[Scaling, ...]:
    """The scalings in use, the most common first."""
    return (UNIT, IMAGENET if n_channels == 3 else INK, SIGNED, BYTES)


def native(dtype: np.dtype[np.generic] | None) -> Scaling:
    """The scaling that fills a type: integers of one byte hold 256 levels of brightness, floats [0, 1]."""
    if dtype is None or dtype.kind == "f":
        return UNIT
    return Scaling(f"as {dtype}", (128 / 255 if dtype.kind == "i" else 0.0,), (1 / 255,))
