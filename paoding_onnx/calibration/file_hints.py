"""What the metadata of a file say about its inputs: exporters note the size of images and the like."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace

from paoding_onnx.calibration.samples import InputOptions
from paoding_onnx.model.input_names import MOST_TRACKS, OF_SOUND, RATE, Companion, companion_of
from paoding_onnx.model.input_sizes import Shapes
from paoding_onnx.model.load import Model
from paoding_onnx.model.subgraphs import every_node
from paoding_onnx.rules.bodies import most_steps
from paoding_onnx.rules.forms import hands_on

SIZE, NAMES, STRIDE, CHARACTERS = "imgsz", "names", "stride", "character"
"""Entries of the exporters of Ultralytics (size of images, classes, least step of sizes) and of PaddleOCR."""
STEPS = 3
"""Steps of a loop whose number is fed."""
_LINE_OF_TEXT = (48, 320)
"""Height and width of the images that PaddleOCR's recognisers read."""
_COLOURS = (1, 3, 4)
_LARGEST = 4096
_RATE, _NUMBER = re.compile("(sample|sampling)_?rate", re.IGNORECASE), re.compile(r"[1-9]\d{3,5}$")


def shapes_said(model: Model) -> Shapes:
    """Shapes of inputs with open axes, as the metadata say; only of images."""
    found = {}
    size = _size(model.metadata)
    if size is None:
        return {}
    for spec in model.inputs:
        is_first = len(spec.dims) == 4 and spec.dims[1] in _COLOURS
        is_image = is_first or (len(spec.dims) == 4 and spec.dims[3] in _COLOURS)
        if not is_image or spec.dtype is None or all(isinstance(dim, int) for dim in spec.dims):
            continue
        n_channels = spec.dims[1 if is_first else 3]
        wanted = (1, n_channels, *size) if is_first else (1, *size, n_channels)
        if all(not isinstance(dim, int) or dim == said for dim, said in zip(spec.dims, wanted, strict=True)):
            found[spec.name] = tuple(said if isinstance(said, int) else 1 for said in wanted)
    return found


def counts_likely(model: Model) -> dict[str, int]:
    """How many steps to make where an input of one whole number says it: a body is looked into from two steps on."""
    passing = (node for node in model.proto.graph.node if hands_on(node.op_type) and node.input)
    handed = {name: node.input[0] for node in passing for name in node.output}
    counters = set()
    for node in every_node(model.proto.graph):
        place = most_steps(node.op_type)
        name = node.input[place] if place is not None and len(node.input) > place else ""
        while name in handed:
            name = handed[name]
        counters.add(name)
    single = (spec for spec in model.inputs if all(dim == 1 for dim in spec.dims))
    return {
        spec.name: STEPS
        for spec in single
        if spec.name in counters and spec.dtype is not None and spec.dtype.kind in "iu"
    }


def shapes_likely(model: Model) -> Shapes:
    """Shapes of inputs of sound with an open length, which is that of a second: less of it says little.

    Sound is told by the name, by that of the open axis, by a sampling rate in the metadata or beside the input.
    """
    rates = [match for key, text in model.metadata.items() if _RATE.fullmatch(key) and (match := _NUMBER.match(text))]
    has_rate = bool(rates) or any(companion_of(spec) is Companion.RATE for spec in model.inputs)
    rate = int(rates[0].group()) if rates else RATE
    found = {}
    for spec in model.inputs:
        places = [k for k, dim in enumerate(spec.dims) if k and not isinstance(dim, int)]
        fixed = [dim for dim in spec.dims[1:] if isinstance(dim, int)]
        is_signal = spec.dtype is not None and spec.dtype.kind == "f" and companion_of(spec) is None
        if len(places) != 1 or not is_signal or max(fixed, default=1) > MOST_TRACKS:
            continue
        words = f"{spec.name} {spec.dims[places[0]]}".lower()
        if has_rate or any(part in words for part in (*OF_SOUND, "samples")):
            sizes = {k: dim if isinstance(dim, int) else 1 for k, dim in enumerate(spec.dims)} | {places[0]: rate}
            found[spec.name] = tuple(sizes.values())
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
        return _LINE_OF_TEXT
    numbers = [int(number) for number in re.findall(r"\d{1,5}", metadata.get(SIZE, ""))]
    fits = len(numbers) in (1, 2) and all(0 < number <= _LARGEST for number in numbers)
    return (numbers[0], numbers[-1]) if fits else None
