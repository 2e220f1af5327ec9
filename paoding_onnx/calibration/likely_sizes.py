"""Sizes that open axes of inputs are likely to have in use, by names, other axes and what the model makes of them."""

from __future__ import annotations

import re
from math import ceil

from paoding_onnx.calibration.bands import may_be_bands
from paoding_onnx.calibration.images.frame import COLOURS, HIGHEST_LINE, LINE_OF_TEXT
from paoding_onnx.model.input_names import MOST_TRACKS, OF_SOUND, RATE, Companion, companion_of, is_past
from paoding_onnx.model.input_sizes import Shape, Shapes
from paoding_onnx.model.load import Model
from paoding_onnx.model.nodes import TensorSpec
from paoding_onnx.model.subgraphs import every_node
from paoding_onnx.rules.bodies import most_steps
from paoding_onnx.rules.forms import hands_on, makes_shares

STEPS = 3
"""Steps of a loop whose number is fed."""
_LOWEST_LINE, _MULTIPLE = 16, 32
"""The least height of a line of text; widths are rounded up to a multiple that networks take."""
_PHOTOGRAPH, _MANY_CLASSES = (3, 224, 224), 100
"""Channels and sides of photographs that classifiers of so many classes are trained on."""
_FEWEST_LETTERS = 37
"""Digits, letters, and no letter at all: a recogniser of text tells no fewer classes."""
_RATE, _NUMBER = re.compile("(sample|sampling)_?rate", re.IGNORECASE), re.compile(r"[1-9]\d{3,5}$")


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
    """Shapes of inputs of which an open size can be told: photographs, lines of text, and sound."""
    return {**_photographs_likely(model), **_lines_likely(model), **_sounds_likely(model)}


def _photographs_likely(model: Model) -> Shapes:
    """Shapes of colour images of which both sides are open, where the model tells many classes of the whole of each.

    Classifiers of photographs are trained on such sides; on crops a quarter as wide little of their last layers is at
    work. Few classes may be of anything.
    """
    outputs = [spec.dims for spec in model.outputs]
    tells_all = all(isinstance(dim, int) for dims in outputs for dim in dims[1:])
    n_classes = max((dims[1] for dims in outputs if len(dims) == 2 and isinstance(dims[1], int)), default=0)
    if not tells_all or n_classes < _MANY_CLASSES:
        return {}
    return {spec.name: shape for spec in model.inputs if (shape := _photograph(spec))}


def _photograph(spec: TensorSpec) -> Shape:
    """The shape of an input of colour images of open sides; () if it is none."""
    dims = spec.dims
    channels = next((k for k in (1, 3) if len(dims) == 4 and dims[k] == _PHOTOGRAPH[0]), 0)
    if not channels or any(isinstance(dims[k], int) for k in {1, 2, 3} - {channels}):
        return ()
    first = dims[0] if isinstance(dims[0], int) else 1
    return (first, *_PHOTOGRAPH) if channels == 1 else (first, *_PHOTOGRAPH[1:], _PHOTOGRAPH[0])


def _lines_likely(model: Model) -> Shapes:
    """Shapes of images that are likely to be of lines of text: a piece as wide as it is high holds no word."""
    is_reader = _names_letters(model)
    images = (spec for spec in model.inputs if companion_of(spec) is None and not is_past(spec))
    found = {spec.name: _line(spec, is_reader=is_reader) for spec in images}
    return {name: shape for name, shape in found.items() if shape is not None}


def _line(spec: TensorSpec, *, is_reader: bool) -> Shape | None:
    """The shape of an image with an open width if it is that of a line of text.

    Who recognises text gives all lines one height: it is fixed and low, or it is open and the model reads letters. One
    channel may be a spectrogram as well, if it is as high as these have bands.
    """
    dims, is_number = spec.dims, spec.dtype is not None and spec.dtype.kind in "fu"
    if len(dims) != 4 or not is_number or not any(dims[k] in COLOURS for k in (1, 3)):
        return None
    channels, width = (1, 3) if dims[1] in COLOURS else (3, 2)
    height = dims[width - 1]
    if not isinstance(height, int) and is_reader:
        height = LINE_OF_TEXT[0]
    if isinstance(dims[width], int) or not isinstance(height, int) or not _LOWEST_LINE <= height <= HIGHEST_LINE:
        return None
    if dims[channels] == 1 and may_be_bands(height) and not is_reader:
        return None
    wide = ceil(height * LINE_OF_TEXT[1] / LINE_OF_TEXT[0] / _MULTIPLE) * _MULTIPLE
    sizes = {k: dim if isinstance(dim, int) else 1 for k, dim in enumerate(dims)}
    return tuple((sizes | {width - 1: height, width: wide}).values())


def _names_letters(model: Model) -> bool:
    """Whether all that a model makes are shares of many classes at an open number of places, one after the other."""
    made = {name: node.op_type for node in model.proto.graph.node for name in node.output}
    if len(model.outputs) != 1:
        return False
    (spec,) = model.outputs
    classes = spec.dims[-1] if len(spec.dims) == 3 and not isinstance(spec.dims[1], int) else None
    is_many = isinstance(classes, int) and classes >= _FEWEST_LETTERS
    return is_many and makes_shares(made.get(spec.name, ""))


def _sounds_likely(model: Model) -> Shapes:
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
