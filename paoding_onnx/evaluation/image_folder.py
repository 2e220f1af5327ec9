"""Labelled images: a folder that holds a folder of images for each class, decoded a few at a time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from paoding_onnx.calibration.image_files import decode, image_files, require_pillow, scaled
from paoding_onnx.calibration.images.frame import Frame
from paoding_onnx.calibration.preprocess import Preprocess, check_channels
from paoding_onnx.errors import UsageError
from paoding_onnx.evaluation.dataset import Range, RowIndices
from paoding_onnx.model.load import Model
from paoding_onnx.model.nodes import Array, TensorSpec


@dataclass(frozen=True, slots=True)
class ImageInput:
    """The input that reads the images: its name, their size, whether channels come first, its type."""

    name: str
    frame: Frame
    is_channels_first: bool
    dtype: np.dtype[np.generic] | None = None


@dataclass(frozen=True, slots=True)
class ImageSamples:
    """Images in files, `paths`, with the number of their class in `labels` (n,); `beside` see `ArraySamples`."""

    paths: tuple[Path, ...]
    labels: Array
    class_names: tuple[str, ...]
    input: ImageInput
    preprocess: Preprocess
    beside: Mapping[str, Array] = field(default_factory=dict)

    def read(self, rows: RowIndices) -> Mapping[str, Array]:
        """What the model reads for these images.

        Raises:
            UsageError: if a file is not an image.
        """
        images = np.stack([self._decode(self.paths[row]) for row in rows])
        return {**self.beside, self.input.name: self._ready(images)}

    def take(self, rows: RowIndices) -> ImageSamples:
        """These images alone."""
        return replace(self, paths=tuple(self.paths[row] for row in rows), labels=self.labels[rows])

    def input_range(self) -> Range | None:
        """What black and white become."""
        shape = (1, self.input.frame.height, self.input.frame.width, self.input.frame.n_channels)
        return Range(*(self._ready(np.full(shape, value, np.uint8)) for value in (0, 255)))

    def _ready(self, raw: Array) -> Array:
        """Images (n, height, width, channels) as the model reads them."""
        values = scaled(raw, self.preprocess, self.input.dtype)
        return np.ascontiguousarray(np.moveaxis(values, -1, 1)) if self.input.is_channels_first else values

    def _decode(self, path: Path) -> NDArray[np.uint8]:
        """The image (height, width, channels), in the size and colours that the model reads."""
        return decode(path, self.input.frame, self.preprocess)


def read_images(
    folder: Path, model: Model, preprocess: Preprocess, beside: Mapping[str, Array] | None = None
) -> ImageSamples:
    """The images in `folder`: each folder in it is a class, numbered in the order of their names.

    Raises:
        UsageError: if there are none, the model reads no images, or Pillow is not there.
    """
    require_pillow()
    classes = sorted(entry for entry in folder.iterdir() if entry.is_dir() and not entry.name.startswith("."))
    found = [(path, index) for index, entry in enumerate(classes) for path in image_files(entry)]
    if not found:
        raise UsageError(f"{folder} holds no folders with images, one folder for each class")
    labels = np.array([index for _, index in found], np.int64)
    names = tuple(entry.name for entry in classes)
    beside = beside or {}
    of_images = _input([spec for spec in model.inputs if spec.name not in beside], preprocess)
    return ImageSamples(tuple(path for path, _ in found), labels, names, of_images, preprocess, beside)


def _input(specs: Sequence[TensorSpec], preprocess: Preprocess) -> ImageInput:
    if len(specs) != 1 or len(specs[0].dims) != 4:
        message = ", ".join(f"{spec.name!r} {spec.dims}" for spec in specs)
        raise UsageError(f"the model reads no images (batch, channels, height, width), but {message}")
    spec, dims = specs[0], specs[0].dims
    is_first = preprocess.layout == "nchw" or (preprocess.layout == "auto" and _is_channels_first(dims))
    channels, sides = (dims[1], dims[2:]) if is_first else (dims[3], dims[1:3])
    height, width = preprocess.size or sides
    if not isinstance(height, int) or not isinstance(width, int):
        raise UsageError(f"input {spec.name!r} has open sides; say --preprocess size=HEIGHT,WIDTH")
    _check_sides(spec, (height, width), sides)
    frame = Frame(height, width, channels if isinstance(channels, int) else 3)
    check_channels(preprocess, frame.n_channels)
    return ImageInput(spec.name, frame, is_first, spec.dtype)


def _is_channels_first(dims: tuple[int | str | None, ...]) -> bool:
    """Whether axis 1 of four has the channels: the only small one, or both are open or small."""
    small = (1, 3)
    return dims[1] in small or dims[3] not in small


def _check_sides(spec: TensorSpec, size: tuple[int, int], sides: tuple[int | str | None, ...]) -> None:
    for wanted, side in zip(size, sides, strict=True):
        if isinstance(side, int) and side != wanted:
            raise UsageError(f"input {spec.name!r} reads images of {sides}, not of {size}")
