"""Labelled pictures: a folder that holds a folder of pictures for each class, decoded a few at a time with Pillow."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import replace
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from PIL import ImageOps
from PIL import UnidentifiedImageError

from paoding_onnx.errors import UsageError
from paoding_onnx.graph import Array
from paoding_onnx.judging.labelled import Range
from paoding_onnx.judging.labelled import Rows
from paoding_onnx.judging.preprocess import Preprocess
from paoding_onnx.loader import InputSpec
from paoding_onnx.loader import Model
from paoding_onnx.loader import input_specs

SUFFIXES = frozenset((".jpg", ".jpeg", ".png", ".bmp", ".gif", ".webp", ".tif", ".tiff", ".ppm", ".pgm"))
_BYTE = 255.0


@dataclass(frozen=True, slots=True)
class Frame:
    """The input that reads the pictures: its name, height, width and channels, and whether channels come first."""

    name: str
    height: int
    width: int
    channels: int
    is_channels_first: bool


@dataclass(frozen=True, slots=True)
class PictureSamples:
    """Pictures in files, `paths`, with the number of their class in `labels` (n,)."""

    paths: tuple[Path, ...]
    labels: Array
    class_names: tuple[str, ...]
    frame: Frame
    preprocess: Preprocess

    def read(self, rows: Rows) -> Mapping[str, Array]:
        """What the model reads for these pictures.

        Raises:
            UsageError: if a file is no picture.
        """
        return {self.frame.name: self._ready(np.stack([self._decode(self.paths[row]) for row in rows]))}

    def take(self, rows: Rows) -> PictureSamples:
        """These pictures alone."""
        return replace(self, paths=tuple(self.paths[row] for row in rows), labels=self.labels[rows])

    def input_range(self) -> Range | None:
        """What black and white become."""
        shape = (1, self.frame.height, self.frame.width, self.frame.channels)
        return Range(*(self._ready(np.full(shape, value, np.uint8)) for value in (0, 255)))

    def _ready(self, raw: Array) -> Array:
        """Pictures (n, height, width, channels) as the model reads them."""
        values = self.preprocess.apply(raw, channel_axis=-1, scale=_BYTE)
        return np.ascontiguousarray(np.moveaxis(values, -1, 1)) if self.frame.is_channels_first else values

    def _decode(self, path: Path) -> NDArray[np.uint8]:
        """The picture (height, width, channels), in the size and colours that the model reads."""
        mode: Literal["L", "RGB"] = "L" if self.frame.channels == 1 else "RGB"
        try:
            with Image.open(path) as file:
                picture = ImageOps.exif_transpose(file).convert(mode)
                pixels = np.asarray(_fitted(picture, self.frame, self.preprocess), np.uint8)
        except (OSError, ValueError, UnidentifiedImageError, Image.DecompressionBombError) as error:
            raise UsageError(f"cannot read the picture {path}: {error}") from error
        pixels = pixels.reshape(self.frame.height, self.frame.width, self.frame.channels)
        return pixels[..., ::-1] if self.preprocess.order == "bgr" else pixels


def read_pictures(folder: Path, model: Model, preprocess: Preprocess) -> PictureSamples:
    """The pictures in `folder`: each folder in it is a class, numbered in the order of their names.

    Raises:
        UsageError: if there are none, or the model reads no pictures.
    """
    classes = sorted(entry for entry in folder.iterdir() if entry.is_dir() and not entry.name.startswith("."))
    found = [
        (path, index)
        for index, entry in enumerate(classes)
        for path in sorted(entry.rglob("*"))
        if path.suffix.lower() in SUFFIXES
    ]
    if not found:
        raise UsageError(f"{folder} holds no folders with pictures, one folder for each class")
    labels = np.array([index for _, index in found], np.int64)
    names = tuple(entry.name for entry in classes)
    return PictureSamples(tuple(path for path, _ in found), labels, names, _frame(model, preprocess), preprocess)


def _frame(model: Model, preprocess: Preprocess) -> Frame:
    specs = input_specs(model)
    if len(specs) != 1 or len(specs[0].dims) != 4:
        words = ", ".join(f"{spec.name!r} {spec.dims}" for spec in specs)
        raise UsageError(f"the model reads no pictures (batch, channels, height, width), but {words}")
    spec, dims = specs[0], specs[0].dims
    is_first = preprocess.layout == "nchw" or (preprocess.layout == "auto" and _is_channels_first(dims))
    channels, sides = (dims[1], dims[2:]) if is_first else (dims[3], dims[1:3])
    height, width = preprocess.size or sides
    if not isinstance(height, int) or not isinstance(width, int):
        raise UsageError(f"input {spec.name!r} has open sides; say --preprocess size=HEIGHT,WIDTH")
    _check_sides(spec, (height, width), sides)
    return Frame(spec.name, height, width, channels if isinstance(channels, int) else 3, is_first)


def _is_channels_first(dims: tuple[int | str | None, ...]) -> bool:
    """Whether axis 1 of four has the channels: the only small one, or both are open or small."""
    small = (1, 3)
    return dims[1] in small or dims[3] not in small


def _check_sides(spec: InputSpec, size: tuple[int, int], sides: tuple[int | str | None, ...]) -> None:
    for wanted, side in zip(size, sides, strict=True):
        if isinstance(side, int) and side != wanted:
            raise UsageError(f"input {spec.name!r} reads pictures of {sides}, not of {size}")


def _fitted(picture: Image.Image, frame: Frame, preprocess: Preprocess) -> Image.Image:
    """The picture at the size of the frame, stretched or cut out of the middle."""
    size = (frame.width, frame.height)
    if preprocess.fit == "stretch":
        return picture if picture.size == size else picture.resize(size, Image.Resampling.BILINEAR)
    ratio = max(frame.width / picture.width, frame.height / picture.height) * preprocess.before_crop
    shrunk = (max(round(picture.width * ratio), frame.width), max(round(picture.height * ratio), frame.height))
    left, top = (shrunk[0] - frame.width) // 2, (shrunk[1] - frame.height) // 2
    resized = picture.resize(shrunk, Image.Resampling.BILINEAR)
    return resized.crop((left, top, left + frame.width, top + frame.height))
