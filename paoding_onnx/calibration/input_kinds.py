"""What each input of a model holds: images, rows of a table, tokens, a mask, ..., and where its batch axis is."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from paoding_onnx.calibration.first_layer import vocabulary
from paoding_onnx.calibration.images.frame import Frame
from paoding_onnx.calibration.preprocess import Preprocess
from paoding_onnx.calibration.samples import InputOptions
from paoding_onnx.errors import UsageError
from paoding_onnx.model.graph import Graph
from paoding_onnx.model.input_sizes import Shapes
from paoding_onnx.model.load import TensorSpec
from paoding_onnx.model.nodes import Array

BATCH, FEWEST = 32, 4
"""Samples of a feed: as many as this, but fewer where a tensor would hold more numbers than `LARGEST_NUMBERS`."""
LARGEST_NUMBERS = 1 << 23
_COLOURS = (3, 1, 4)
_EXTRAS = ("mask", "type", "segment", "position", "state")
"""Parts of the names of inputs that go along with the main one."""
_LONG_ROW = 4096
"""Rows of floats from this length on are sound, not a table."""


class Kind(StrEnum):
    """What an input holds."""

    IMAGES = "images"
    TABLE = "table"
    TOKENS = "tokens"
    AUDIO = "audio"
    NOISE = "noise"
    ONES = "ones"
    ZEROS = "zeros"
    POSITIONS = "positions"
    GIVEN = "given"


@dataclass(frozen=True, slots=True)
class InputRole:
    """An input with the shape it is fed in, and the axis of the samples; that is `None` if samples share the content.

    `channels` is the axis of an image's channels, `vocabulary` the number of different tokens; `content` is what a user
    gave, with as many axes.
    """

    spec: TensorSpec
    kind: Kind
    shape: tuple[int, ...]
    batch_axis: int | None
    channels: int = 1
    vocabulary: int = 2
    content: Array | None = None

    @property
    def frame(self) -> Frame:
        """Size of the images."""
        height, width = (size for axis, size in enumerate(self.shape) if axis not in (0, self.channels))
        return Frame(height, width, self.shape[self.channels])

    @property
    def batch(self) -> int:
        """How many samples a feed holds."""
        return 1 if self.batch_axis is None else self.shape[self.batch_axis]

    @property
    def step(self) -> int:
        """Samples come in multiples of this: the batch where its size is fixed, else 1."""
        is_fixed = self.batch_axis is not None and isinstance(self.spec.dims[self.batch_axis], int)
        return self.batch if is_fixed else 1

    def shape_of(self, count: int) -> tuple[int, ...]:
        """The shape for so many samples."""
        return tuple(count if axis == self.batch_axis else size for axis, size in enumerate(self.shape))


def roles_of(
    specs: Sequence[TensorSpec], graph: Graph, shapes: Shapes, options: InputOptions, *, batch: int
) -> tuple[InputRole, ...]:
    """The role of every input, for open batch axes of size `batch`; `options` are about the main one.

    Raises:
        UsageError: if they do not fit it.
    """
    main = specs[main_input(specs, shapes)]
    contents = {} if graph.sizes is None else graph.sizes.measured.contents
    if main.name in contents:
        raise UsageError(
            f"input {main.name!r} is what samples are made of, so one content is too little: "
            "give samples with --calibration FILE, or only its shape with --input"
        )
    roles = []
    for spec in specs:
        axis = _batch_axis(spec, main, shapes)
        is_open = axis is not None and not isinstance(spec.dims[axis], int)
        shape = tuple(batch if is_open and k == axis else size for k, size in enumerate(shapes[spec.name]))
        if spec.name in contents:
            roles.append(InputRole(spec, Kind.GIVEN, shape, axis, content=contents[spec.name]))
        else:
            roles.append(_told(spec, graph, shape, axis, options) if spec is main else _role(spec, graph, shape, axis))
    return tuple(roles)


def batch_for(graph: Graph) -> int:
    """How many samples a feed may hold so that its largest tensor stays small; `graph` was observed at few of them."""
    first = [shape[0] for name in graph.inputs if (shape := graph.tensors[name].shape)]
    n_seen = max(min(first, default=1), 1)
    largest = max((math.prod(t.shape or ()) for t in graph.tensors.values() if not t.is_constant), default=1)
    return int(min(max(LARGEST_NUMBERS * n_seen // max(largest, 1), FEWEST), BATCH))


def main_input(specs: Sequence[TensorSpec], shapes: Shapes) -> int:
    """Index of the input with an open batch axis, no mask or the like, with the most numbers; the first of those."""

    def rank(spec: TensorSpec) -> tuple[bool, bool, int]:
        is_open = bool(spec.dims) and not isinstance(spec.dims[0], int)
        is_extra = any(word in spec.name.lower() for word in _EXTRAS)
        return is_open, not is_extra, math.prod(shapes[spec.name])

    return max(range(len(specs)), key=lambda k: (rank(specs[k]), -k))


def _batch_axis(spec: TensorSpec, main: TensorSpec, shapes: Shapes) -> int | None:
    """The axis named like the first one of the main input, else the first if it has the same size."""
    if not main.dims or not spec.dims:
        return None
    symbol = main.dims[0]
    if isinstance(symbol, str) and symbol in spec.dims:
        return spec.dims.index(symbol)
    alike = isinstance(spec.dims[0], int) == isinstance(symbol, int)
    return 0 if alike and shapes[spec.name][0] == shapes[main.name][0] else None


def _told(spec: TensorSpec, graph: Graph, shape: tuple[int, ...], axis: int | None, options: InputOptions) -> InputRole:
    """The role of the main input, in which what the user said goes before what can be guessed."""
    settings = options.preprocess
    role = _role(spec, graph, shape, axis, settings.layout)
    if options.kind == Kind.IMAGES and role.kind is not Kind.IMAGES:
        if len(shape) != 4 or axis != 0:
            raise UsageError(f"input {spec.name!r} of shape {shape} cannot hold images: those have four axes")
        role = replace(role, kind=Kind.IMAGES, channels=1 if shape[1] <= shape[3] else 3)
    elif options.kind not in ("auto", role.kind):
        role = replace(role, kind=Kind(options.kind))
    return _sized(role, settings) if role.kind is Kind.IMAGES and settings.size is not None else role


def _sized(role: InputRole, settings: Preprocess) -> InputRole:
    """The role of images of the size that was given, which the input must allow."""
    height, width = settings.size or (role.frame.height, role.frame.width)
    places = [k for k in range(len(role.shape)) if k not in (0, role.channels)]
    wanted = dict(zip(places, (height, width), strict=True))
    for place, size in wanted.items():
        if isinstance(role.spec.dims[place], int) and role.spec.dims[place] != size:
            raise UsageError(f"input {role.spec.name!r} reads images of {role.shape}, not of {height} x {width}")
    return replace(role, shape=tuple(wanted.get(k, size) for k, size in enumerate(role.shape)))


def _role(spec: TensorSpec, graph: Graph, shape: tuple[int, ...], axis: int | None, layout: str = "auto") -> InputRole:
    dtype_kind = spec.dtype.kind if spec.dtype is not None else "O"
    channels = _channel_axis(shape, layout)
    if dtype_kind == "b" or "mask" in spec.name.lower():
        return InputRole(spec, Kind.ONES, shape, axis)
    if axis != 0:
        return InputRole(spec, Kind.NOISE, shape, axis)
    if channels and (dtype_kind == "f" or (spec.dtype is not None and spec.dtype.itemsize == 1)):
        return InputRole(spec, Kind.IMAGES, shape, axis, channels=channels)
    if dtype_kind in "iu":
        return _integer_role(spec, graph, shape, axis)
    kinds = {2: Kind.AUDIO if shape[-1] >= _LONG_ROW else Kind.TABLE, 3: Kind.AUDIO}
    return InputRole(spec, kinds.get(len(shape), Kind.NOISE), shape, axis)


def _integer_role(spec: TensorSpec, graph: Graph, shape: tuple[int, ...], axis: int | None) -> InputRole:
    """Numbers that pick rows of a stored table are tokens; the names of other inputs are all there is to go by."""
    name = spec.name.lower()
    if "type" in name or "segment" in name:
        return InputRole(spec, Kind.ZEROS, shape, axis)
    if "position" in name:
        return InputRole(spec, Kind.POSITIONS, shape, axis)
    return InputRole(spec, Kind.TOKENS, shape, axis, vocabulary=vocabulary(graph, spec.name))


def _channel_axis(shape: tuple[int, ...], layout: str) -> int:
    """The axis of the channels if the shape is one of images, or the layout says so; 0 if it is not."""
    if len(shape) != 4:
        return 0
    for axis, sides, name in ((1, shape[2:], "nchw"), (3, shape[1:3], "nhwc")):
        if layout == name or (layout == "auto" and shape[axis] in _COLOURS and min(sides) > shape[axis]):
            return axis
    return 0
