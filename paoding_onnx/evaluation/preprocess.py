"""How raw values become what a model reads: scale, mean and standard deviation, and for pictures size and layout."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from paoding_onnx.errors import UsageError
from paoding_onnx.model.graph import Array

FITS = ("stretch", "crop")
LAYOUTS = ("auto", "nchw", "nhwc")
ORDERS = ("rgb", "bgr")
_CROP_RATIO = 256 / 224
"""Side before the crop over side after it, as classifiers for ImageNet are usually measured."""


def _check_word(name: str, value: str, words: Sequence[str]) -> None:
    if value not in words:
        raise UsageError(f"--preprocess {name} {value!r} is none of {', '.join(words)}")


@dataclass(frozen=True, slots=True)
class Preprocess:
    """What is done to raw values: (value / scale - mean) / std; pictures are brought to `size` before.

    >>> parse_preprocess(["imagenet", "fit=stretch"]).mean
    (0.485, 0.456, 0.406)

    Attributes:
        scale: divides the raw values; `None` takes what the data say: 255 for pictures, the `scale` of an npz file.
        mean: for each channel, or one for all; in units after `scale`.
        std: likewise.
        size: height and width of pictures; `None` takes the model's.
        fit: `stretch` images to the size, or shrink them and `crop` the middle.
        layout: where the model wants channels; `auto` looks at its input.
        order: of the channels of colour pictures.
    """

    scale: float | None = None
    mean: tuple[float, ...] = ()
    std: tuple[float, ...] = ()
    size: tuple[int, int] | None = None
    fit: str = "stretch"
    layout: str = "auto"
    order: str = "rgb"

    def __post_init__(self) -> None:
        """Check every value once, here."""
        for name, value, words in (("fit", self.fit, FITS), ("layout", self.layout, LAYOUTS)):
            _check_word(name, value, words)
        _check_word("order", self.order, ORDERS)
        divisors = (*self.std, *([] if self.scale is None else [self.scale]))
        if not all(math.isfinite(value) and value > 0 for value in divisors):
            raise UsageError("scale and std of --preprocess divide: they must be above zero")

    @property
    def crop(self) -> float | None:
        """Side to which a picture is shrunk over the side that is cut out of it; `None` if it is stretched."""
        return _CROP_RATIO if self.fit == "crop" else None

    def apply(self, raw: Array, *, channel_axis: int, scale: float) -> NDArray[np.float32]:
        """What the model reads for `raw` values; `scale` is used where none was asked for."""
        values = raw.astype(np.float32) / np.float32(self.scale or scale)
        if self.mean:
            values -= _along(self.mean, values, channel_axis)
        if self.std:
            values /= _along(self.std, values, channel_axis)
        return values


AS_IT_IS = Preprocess()
"""Nothing is done to arrays; pictures are divided by 255."""
IMAGENET = Preprocess(255.0, (0.485, 0.456, 0.406), (0.229, 0.224, 0.225), fit="crop")
"""What most classifiers trained on ImageNet in PyTorch want."""
_PRESETS = {"imagenet": IMAGENET}


def parse_preprocess(texts: Sequence[str]) -> Preprocess:
    """The settings in texts such as ``scale=255``, ``mean=0.5,0.5,0.5``, ``size=224`` or ``imagenet``; later ones win.

    >>> parse_preprocess(["scale=255", "size=224"]).size
    (224, 224)

    Raises:
        UsageError: if a text is none of these.
    """
    settings = Preprocess()
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals and name in _PRESETS:
            settings = _PRESETS[name]
        elif equals and name in _READERS:
            settings = replace(settings, **{name: _read(text, value, _READERS[name])})
        else:
            known = ", ".join((*_PRESETS, *(f"{key}=.." for key in _READERS)))
            raise UsageError(f"--preprocess {text!r} is none of {known}")
    return settings


def _numbers(text: str) -> tuple[float, ...]:
    return tuple(float(part) for part in text.split(","))


def _size(text: str) -> tuple[int, int]:
    sides = [int(part) for part in text.replace("x", ",").split(",")]
    if len(sides) > 2 or min(sides) < 1:
        raise ValueError(text)
    return sides[0], sides[-1]


_READERS: dict[str, Callable[[str], Any]] = {
    "scale": float,
    "mean": _numbers,
    "std": _numbers,
    "size": _size,
    "fit": str,
    "layout": str,
    "order": str,
}


def _read(text: str, value: str, reader: Callable[[str], Any]) -> Any:  # noqa: ANN401 - of the field it is for
    try:
        return reader(value)
    except ValueError as error:
        raise UsageError(f"--preprocess {text!r} does not hold the numbers it should") from error


def _along(numbers: tuple[float, ...], values: NDArray[np.float32], axis: int) -> NDArray[np.float32]:
    """The numbers as an array that broadcasts along one axis of `values`."""
    if len(numbers) not in (1, values.shape[axis]):
        raise UsageError(f"--preprocess has {len(numbers)} means or deviations for {values.shape[axis]} channels")
    shape = [1] * values.ndim
    shape[axis] = len(numbers)
    return np.asarray(numbers, np.float32).reshape(shape)
