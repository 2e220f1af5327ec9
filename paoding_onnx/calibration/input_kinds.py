"""What each input of a model holds: images, rows of a table, tokens, a mask, ..., and where its batch axis is."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np

from paoding_onnx.calibration import bands
from paoding_onnx.calibration.first_layer import is_counted, is_signal, vocabulary
from paoding_onnx.calibration.images.frame import Frame
from paoding_onnx.calibration.preprocess import Preprocess
from paoding_onnx.calibration.samples import InputOptions
from paoding_onnx.errors import UsageError
from paoding_onnx.model.graph import Graph
from paoding_onnx.model.input_names import FREQUENCIES, MOST_TRACKS, OF_SOUND, RATE, Companion, companion_of, is_past
from paoding_onnx.model.input_sizes import Shape, Shapes
from paoding_onnx.model.nodes import Array, TensorSpec
from paoding_onnx.shapes.dummy_inputs import is_setting, length_fed

BATCH, FEWEST = 32, 4
"""Samples of a feed: as many as this, but fewer where a tensor would hold more numbers than `LARGEST_NUMBERS`."""
LARGEST_NUMBERS = 1 << 23
_COLOURS = (3, 1, 4)
_SMALLEST_BARE = 16
"""Sides from which on three axes may be those of an image."""
_UNTOLD = 2
"""So many tokens are drawn where nothing tells how many there are."""
_LONG_ROW, _SIGNAL = 4096, 400
"""Rows of floats from this length on are sound, not a table; where kernels slide along them, from the second one."""


class Kind(StrEnum):
    """What an input holds."""

    IMAGES = "images"
    TABLE = "table"
    TOKENS = "tokens"
    AUDIO = "audio"
    SPECTROGRAM = "spectrogram"
    NOISE = "noise"
    ONES = "ones"
    ZEROS = "zeros"
    POSITIONS = "positions"
    GIVEN = "given"


@dataclass(frozen=True, slots=True)
class InputRole:
    """An input with the shape it is fed in, and the axis of the samples; that is `None` if samples share the content.

    `channels` is the axis of an image's channels, `vocabulary` the number of different tokens; `content`, with as many
    axes, is what all samples hold, or rows that they get at random. `why` says what it was concluded from. An input
    that `is_bare` has no axis of samples: each is fed alone, without the first axis of `shape`.
    """

    spec: TensorSpec
    kind: Kind
    shape: tuple[int, ...]
    batch_axis: int | None
    channels: int = 1
    vocabulary: int = 2
    content: Array | None = None
    why: str = ""
    is_bare: bool = False

    @property
    def dims(self) -> tuple[int | str | None, ...]:
        """What the file says about each axis of `shape`."""
        return (1, *self.spec.dims) if self.is_bare else self.spec.dims

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
        is_fixed = self.batch_axis is not None and isinstance(self.dims[self.batch_axis], int)
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
    length = _length(main, shapes[main.name])
    for spec in specs:
        axis = _batch_axis(spec, main, shapes)
        is_open = axis is not None and not isinstance(spec.dims[axis], int)
        shape = tuple(batch if is_open and k == axis else size for k, size in enumerate(shapes[spec.name]))
        if spec is main and _is_bare_image(spec, shapes[spec.name]):
            told = _told(spec, graph, (1, *shapes[spec.name]), 0, options, has_rate=False)
            roles.append(replace(told, is_bare=True, why="its three axes are those of one image"))
        elif spec is main:
            has_rate = any(companion_of(other) is Companion.RATE for other in specs)
            roles.append(_told(spec, graph, shape, axis, options, has_rate=has_rate))
        elif spec.name in contents:
            roles.append(InputRole(spec, Kind.GIVEN, shape, axis, content=contents[spec.name], why="it was given"))
        else:
            fed = None if graph.sizes is None else length_fed(spec, specs, graph.sizes.measured)
            roles.append(_companion_role(spec, graph, shape, axis, length if fed is None else fed))
    return tuple(roles)


def batch_for(graph: Graph, shapes: Shapes | None = None) -> int:
    """How many samples a feed may hold so that its largest tensor stays small.

    Samples have the sizes at which the equations of `graph` were read, or those in `shapes`.
    """
    seen = {name: tensor.shape or () for name, tensor in graph.tensors.items() if not tensor.is_constant}
    grown = 1.0
    if shapes is not None and graph.sizes is not None:
        seen, measured = {**graph.sizes.shapes}, graph.sizes.measured.shapes
        sizes = (sum(math.prod(of[name][1:]) for name in shapes.keys() & measured.keys()) for of in (shapes, measured))
        grown = next(sizes) / max(next(sizes), 1)
    n_seen = max(min((seen[name][0] for name in graph.inputs if seen.get(name)), default=1), 1)
    largest = max(map(math.prod, seen.values()), default=1) * grown
    return int(min(max(LARGEST_NUMBERS * n_seen // max(largest, 1), FEWEST), BATCH))


def main_input(specs: Sequence[TensorSpec], shapes: Shapes) -> int:
    """Index of the input with an open batch axis, no mask or the like, with the most numbers; the first of those."""

    def rank(spec: TensorSpec) -> tuple[bool, bool, bool, int]:
        is_open = bool(spec.dims) and not isinstance(spec.dims[0], int)
        is_extra = companion_of(spec) is not None
        return not is_past(spec), is_open, not is_extra, math.prod(shapes[spec.name])

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


def _told(
    spec: TensorSpec, graph: Graph, shape: Shape, axis: int | None, options: InputOptions, *, has_rate: bool
) -> InputRole:
    """The role of the main input, in which what the user said goes before what can be guessed."""
    settings = options.preprocess
    role = _role(spec, graph, shape, axis, settings.layout)
    if role.kind is Kind.TABLE and has_rate:
        role = replace(role, kind=Kind.AUDIO, why="another input is a sampling rate")
    if options.kind == Kind.IMAGES and role.kind is not Kind.IMAGES:
        if len(shape) != 4 or axis != 0:
            raise UsageError(f"input {spec.name!r} of shape {shape} cannot hold images: those have four axes")
        role = replace(role, kind=Kind.IMAGES, channels=1 if shape[1] <= shape[3] else 3, why="it was given")
    elif options.kind not in ("auto", role.kind):
        role = replace(role, kind=Kind(options.kind), why="it was given")
    return _sized(role, settings) if role.kind is Kind.IMAGES and settings.size is not None else role


def _sized(role: InputRole, settings: Preprocess) -> InputRole:
    """The role of images of the size that was given, which the input must allow."""
    height, width = settings.size or (role.frame.height, role.frame.width)
    places = [k for k in range(len(role.shape)) if k not in (0, role.channels)]
    wanted = dict(zip(places, (height, width), strict=True))
    for place, size in wanted.items():
        if isinstance(role.dims[place], int) and role.dims[place] != size:
            raise UsageError(f"input {role.spec.name!r} reads images of {role.shape}, not of {height} x {width}")
    return replace(role, shape=tuple(wanted.get(k, size) for k, size in enumerate(role.shape)))


def _role(spec: TensorSpec, graph: Graph, shape: Shape, axis: int | None, layout: str = "auto") -> InputRole:
    """The role of the main input, to judge by shape, type, first readers and name."""
    dtype_kind = spec.dtype.kind if spec.dtype is not None else "O"
    found = companion_of(spec)
    if found in (Companion.ONES, Companion.ZEROS, Companion.POSITIONS):
        return InputRole(spec, Kind(str(found)), shape, axis, why="its name and type")
    if axis != 0:
        return InputRole(spec, Kind.NOISE, shape, axis, why="its first axis counts no samples")
    spectrogram = "its name" if bands.is_named(spec, shape) else bands.told(spec, shape) if layout == "auto" else None
    if spectrogram is not None:
        return InputRole(spec, Kind.SPECTROGRAM, shape, axis, why=spectrogram)
    channels = _channel_axis(shape, layout)
    if channels and (dtype_kind == "f" or (spec.dtype is not None and spec.dtype.itemsize == 1)):
        why = f"four axes, of which axis {channels} has {shape[channels]} channels"
        return InputRole(spec, Kind.IMAGES, shape, axis, channels=channels, why=why)
    if dtype_kind in "iu" or (is_counted(graph, spec.name) and vocabulary(graph, spec.name) > _UNTOLD):
        return _tokens(spec, graph, shape, axis)
    return _role_of_floats(spec, graph, shape, axis)


def _role_of_floats(spec: TensorSpec, graph: Graph, shape: Shape, axis: int) -> InputRole:
    """Rows of a table, a signal, or nothing that is known."""
    if len(shape) == 2:
        slides = shape[1] >= _SIGNAL and is_signal(graph, spec.name)
        if shape[1] >= _LONG_ROW or slides or _says(spec, OF_SOUND):
            why = "kernels slide along its rows" if slides else "its long rows, or its name"
            return InputRole(spec, Kind.AUDIO, shape, axis, why=why)
        return InputRole(spec, Kind.TABLE, shape, axis, why=f"two axes, rows of {shape[1]} numbers")
    if len(shape) == 3 and min(shape[1:]) <= MOST_TRACKS:
        return InputRole(spec, Kind.AUDIO, shape, axis, why=f"three axes, {min(shape[1:])} of them side by side")
    return InputRole(spec, Kind.NOISE, shape, axis, why="nothing that is known has such a shape")


def _is_bare_image(spec: TensorSpec, shape: Shape) -> bool:
    """Whether the shape is that of one image of three colours, without an axis of samples."""
    if len(shape) != _COLOURS[0] or spec.dtype is None or (spec.dtype.kind != "f" and spec.dtype.itemsize > 1):
        return False
    for colours, sides in ((0, (1, 2)), (2, (0, 1))):
        n_open = sum(not isinstance(spec.dims[k], int) for k in sides)
        is_image = n_open != 1 and min(shape[k] for k in sides) >= _SMALLEST_BARE
        if spec.dims[colours] == _COLOURS[0] and is_image:
            return True
    return False


def _companion_role(spec: TensorSpec, graph: Graph, shape: Shape, axis: int | None, length: int) -> InputRole:
    """The role of an input beside the main one, which is so many steps long."""
    by_name = "its name and type"
    found = companion_of(spec)
    numbers: dict[Companion | None, float] = {Companion.LENGTHS: length, Companion.RATE: RATE, Companion.HALVES: 0.5}
    numbers.update(FREQUENCIES.items())
    if found in numbers:
        return InputRole(spec, Kind.GIVEN, shape, axis, content=_filled(spec, numbers[found]), why=by_name)
    if found is Companion.PAST:
        return InputRole(spec, Kind.NOISE, shape, axis, why=by_name)
    if axis is None and is_setting(spec, shape):
        why = "it holds few numbers, for all samples"
        return InputRole(spec, Kind.GIVEN, shape, axis, content=_filled(spec, 1.0), why=why)
    return _role(spec, graph, shape, axis)


def _filled(spec: TensorSpec, number: float) -> Array:
    return np.full((1,) * len(spec.dims), number, spec.dtype)


def _length(main: TensorSpec, shape: Shape) -> int:
    """How many steps the main input is long: along its open axis, else along its longest."""
    is_open = [k for k, dim in enumerate(main.dims) if k and not isinstance(dim, int)]
    return max((shape[k] for k in is_open), default=max(shape[1:], default=1))


def _says(spec: TensorSpec, parts: Sequence[str]) -> bool:
    return any(part in spec.name.lower() for part in parts)


def _tokens(spec: TensorSpec, graph: Graph, shape: Shape, axis: int) -> InputRole:
    """Numbers that pick rows of a stored table."""
    size = vocabulary(graph, spec.name)
    made = "made integers" if spec.dtype is not None and spec.dtype.kind == "f" else "integers"
    told = f"a table or row of {size} tells how many" if size > _UNTOLD else "nothing tells how many"
    return InputRole(spec, Kind.TOKENS, shape, axis, vocabulary=size, why=f"{made}; {told}")


def _channel_axis(shape: tuple[int, ...], layout: str) -> int:
    """The axis of the channels if the shape is one of images, or the layout says so; 0 if it is not."""
    if len(shape) != 4:
        return 0
    for axis, sides, name in ((1, shape[2:], "nchw"), (3, shape[1:3], "nhwc")):
        if layout == name or (layout == "auto" and shape[axis] in _COLOURS and min(sides) > shape[axis]):
            return axis
    return 0
