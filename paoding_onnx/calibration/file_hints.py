"""What the metadata of a file say about its inputs: exporters note the size of images and the like."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace

from paoding_onnx.calibration.images.frame import COLOURS, LINE_OF_TEXT
from paoding_onnx.calibration.samples import InputOptions
from paoding_onnx.model.input_sizes import Shapes
from paoding_onnx.model.load import Model

SIZE, NAMES, STRIDE, CHARACTERS = "imgsz", "names", "stride", "character"
"""Entries of the exporters of Ultralytics (size of images, classes, least step of sizes) and of PaddleOCR."""
_LARGEST = 4096


def shapes_said(model: Model) -> Shapes:
    """Shapes of inputs with open axes, as the metadata say; only of images."""
    found = {}
    size = _size(model.metadata)
    if size is None:
        return {}
    for spec in model.inputs:
        is_first = len(spec.dims) == 4 and spec.dims[1] in COLOURS
        is_image = is_first or (len(spec.dims) == 4 and spec.dims[3] in COLOURS)
        if not is_image or spec.dtype is None or all(isinstance(dim, int) for dim in spec.dims):
            continue
        n_channels = spec.dims[1 if is_first else 3]
        wanted = (1, n_channels, *size) if is_first else (1, *size, n_channels)
        if all(not isinstance(dim, int) or dim == said for dim, said in zip(spec.dims, wanted, strict=True)):
            found[spec.name] = tuple(said if isinstance(said, int) else 1 for said in wanted)
    return found


def options_said(model: Model, options: InputOptions) -> InputOptions:
    """The options with the scaling that the metadata tell, unless they say one themselves.

    Ultralytics divides images by 255.
    """
    if options.preprocess.is_scaled or not model.metadata.keys() >= {SIZE, NAMES, STRIDE}:
        return options
    return replace(options, preprocess=replace(options.preprocess, range=(0.0, 1.0)))


def _size(metadata: Mapping[str, str]) -> tuple[int, int] | None:
    """Height and width of images."""
    if CHARACTERS in metadata and SIZE not in metadata:
        return LINE_OF_TEXT
    numbers = [int(number) for number in re.findall(r"\d{1,5}", metadata.get(SIZE, ""))]
    fits = len(numbers) in (1, 2) and all(0 < number <= _LARGEST for number in numbers)
    return (numbers[0], numbers[-1]) if fits else None
