"""How raw values become what a model reads: the one vocabulary of preprocessing, for synthetic and for real inputs.

It must not read files and knows no model.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from paoding_onnx.errors import UsageError
from paoding_onnx.model.nodes import Array

FITS = ("stretch", "crop")
LAYOUTS = ("auto", "nchw", "nhwc")
ORDERS = ("rgb", "bgr")
BYTE = 255.0
"""The value of white in raw images."""
_CROP_RATIO = 256 / 224
"""Side before the crop over side after it, as classifiers for ImageNet are usually measured."""


def _check_word(name: str, value: str, words: Iterable[str]) -> None:
    if value not in words:
        raise UsageError(f"--preprocess {name} {value!r} is none of {', '.join(words)}")


@dataclass(frozen=True, slots=True)
class Preprocess:
    """What is done to raw values: (value / scale - mean) / std; images are brought to `size` before.

    >>> parse_preprocess(["imagenet", "fit=stretch"]).mean
    (0.485, 0.456, 0.406)

    Attributes:
        scale: divides the raw values. `None` takes what the data say: the `scale` of an npz file; 255 for images in
            files, and for arrays of bytes where `mean`, `std` or `range` is given; otherwise 1.
        mean: for each channel, or one for all; in units after `scale`.
        std: likewise.
        range: the lowest and highest number that the model reads, in place of `mean` and `std`: what is in [0, 1] after
            `scale` is stretched to it.
        size: height and width of images; `None` takes the model's.
        fit: `stretch` images to the size, or shrink them and `crop` the middle.
        layout: where the model wants channels; `auto` looks at its input.
        order: of the channels of color images.

    Raises:
        UsageError: if a value is out of its range, or a range is given beside mean or std.
    """

    scale: float | None = None
    mean: tuple[float, ...] = ()
    std: tuple[float, ...] = ()
    range: tuple[float, float] | None = None
    size: tuple[int, int] | None = None
    fit: str = "stretch"
    layout: str = "auto"
    order: str = "rgb"

    def __post_init__(self) -> None:
        """Check every value once, here."""
        for name, words in (("fit", FITS), ("layout", LAYOUTS), ("order", ORDERS)):
            _check_word(name, getattr(self, name), words)
        divisors = (*self.std, *([] if self.scale is None else [self.scale]))
        if not all(math.isfinite(value) and value > 0 for value in divisors):
            raise UsageError("scale and std of --preprocess divide: they must be above zero")
        if not all(math.isfinite(value) for value in self.mean):
            raise UsageError(f"the mean of --preprocess must be finite, not {self.mean}")
        if self.range is not None and (self.mean or self.std):
            raise UsageError("give --preprocess either a range or mean and std, not both")
        if self.range is not None and not -math.inf < self.range[0] < self.range[1] < math.inf:
            raise UsageError(f"the range of --preprocess goes from low to high, not {self.range}")

    @property
    def crop(self) -> float | None:
        """Side to which an image is shrunk over the side that is cut out of it; `None` if it is stretched."""
        return _CROP_RATIO if self.fit == "crop" else None

    @property
    def is_scaled(self) -> bool:
        """Whether it says into which numbers values are turned."""
        return bool(self.scale or self.mean or self.std or self.range)

    @property
    def is_standardized(self) -> bool:
        """Whether values are moved or stretched once they are divided by the scale."""
        return bool(self.mean or self.std or self.range)

    @property
    def shift(self) -> tuple[float, ...]:
        """What is subtracted after `scale`, for each channel or one for all."""
        if self.range is None:
            return self.mean
        low, high = self.range
        return (-low / (high - low),)

    @property
    def spread(self) -> tuple[float, ...]:
        """What divides then, for each channel or one for all."""
        return self.std if self.range is None else (1 / (self.range[1] - self.range[0]),)

    @property
    def unit_mean(self) -> tuple[float, ...]:
        """What is subtracted from images in [0, 1], whose raw values are `BYTE` times as high."""
        return tuple(number * self._unit for number in self.shift or (0.0,))

    @property
    def unit_std(self) -> tuple[float, ...]:
        """What divides images in [0, 1] then."""
        return tuple(number * self._unit for number in self.spread or (1.0,))

    @property
    def _unit(self) -> float:
        return (self.scale or BYTE) / BYTE

    def apply(self, raw: Array, *, channel_axis: int, scale: float) -> NDArray[np.float32]:
        """What the model reads for `raw` values; `scale` is used where none was asked for."""
        values = raw.astype(np.float32) / np.float32(self.scale or scale)
        if self.shift:
            values -= _along(self.shift, values, channel_axis)
        if self.spread:
            values /= _along(self.spread, values, channel_axis)
        return values

    def apply_to_unit(self, images: NDArray[np.float32]) -> NDArray[np.float32]:
        """What the model reads for images in [0, 1], `(..., n_channels)`."""
        mean, std = (np.asarray(numbers, np.float32) for numbers in (self.unit_mean, self.unit_std))
        scaled = images - mean
        scaled /= std  # in place: there may be many images
        return np.asarray(scaled, np.float32)


AS_IT_IS = Preprocess()
"""Nothing is done to arrays; images in files are divided by 255."""
BYTES = Preprocess(scale=1.0)
"""Images stay in [0, 255]."""
IMAGENET = Preprocess(255.0, (0.485, 0.456, 0.406), (0.229, 0.224, 0.225), fit="crop")
"""What most classifiers trained on ImageNet in PyTorch want."""
CAFFE = Preprocess(1.0, (104.0, 117.0, 123.0), order="bgr")
"""What networks trained on ImageNet in Caffe want, and those of Keras that were taken over from there."""
_PRESETS = {"imagenet": IMAGENET, "caffe": CAFFE}


def native(dtype: np.dtype[np.generic] | None) -> Preprocess:
    """What fills a type: integers of one byte hold 256 levels of brightness, floats [0, 1]."""
    if dtype is None or dtype.kind == "f":
        return AS_IT_IS
    return Preprocess(scale=1.0, mean=(128.0,)) if dtype.kind == "i" else BYTES


def preprocessed(raw: Array, settings: Preprocess, scale: float | None, *, channel_axis: int) -> Array:
    """What the model reads for raw values that came with a `scale`; the values themselves if nothing is to be done.

    Bytes are divided by `BYTE` where numbers are given that stand for values in [0, 1].

    Raises:
        UsageError: if there are means or deviations for another number of channels.
    """
    if scale is None and not settings.is_scaled:
        return raw
    usual = BYTE if raw.dtype == np.uint8 and settings.is_standardized else 1.0
    return settings.apply(raw, channel_axis=channel_axis, scale=usual if scale is None else scale)


def parse_preprocess(texts: Sequence[str]) -> Preprocess:
    """The settings in texts such as ``scale=255``, ``mean=0.5,0.5,0.5``, ``size=224`` or ``imagenet``; later ones win.

    >>> parse_preprocess(["range=-1,1", "size=224"]).size
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


def preprocess_texts(settings: Preprocess) -> tuple[str, ...]:
    """The texts from which `parse_preprocess` makes these settings again.

    >>> preprocess_texts(Preprocess(range=(-1.0, 1.0), fit="crop"))
    ('range=-1.0,1.0', 'fit=crop')
    """
    given = ((field.name, getattr(settings, field.name)) for field in fields(Preprocess))
    return tuple(f"{name}={_text(value)}" for name, value in given if value != getattr(AS_IT_IS, name))


def _text(value: object) -> str:
    return ",".join(map(repr, value)) if isinstance(value, tuple) else str(value)


def check_channels(settings: Preprocess, n_channels: int) -> None:
    """Refuse means or deviations for another number of channels.

    Raises:
        UsageError: if there are some.
    """
    for name, values in (("mean", settings.mean), ("std", settings.std)):
        if len(values) not in (0, 1, n_channels):
            raise UsageError(f"--preprocess {name} has {len(values)} numbers, but images have {n_channels} channels")


def _numbers(text: str) -> tuple[float, ...]:
    return tuple(float(part) for part in text.split(","))


def _ends(text: str) -> tuple[float, float]:
    low, high = _numbers(text)
    return low, high


def _size(text: str) -> tuple[int, int]:
    sides = [int(part) for part in text.replace("x", ",").split(",")]
    if len(sides) > 2 or min(sides) < 1:
        raise ValueError(text)
    return sides[0], sides[-1]


_READERS: dict[str, Callable[[str], Any]] = {
    "scale": float,
    "mean": _numbers,
    "std": _numbers,
    "range": _ends,
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
