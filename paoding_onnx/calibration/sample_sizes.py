"""The sizes that samples have which a user gives: a model is looked at, and its cost told, at these."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

from paoding_onnx.calibration.arrays import of_main_input, shapes_in
from paoding_onnx.calibration.images.frame import COLOURS
from paoding_onnx.model.input_sizes import Shape, Shapes
from paoding_onnx.model.nodes import TensorSpec

_IMAGE = ("height", "width", "channels")
_MOST_NUMBERS = 1 << 22
"""Samples of more numbers do not say at which size a model is looked at."""
_Dims = Sequence[int | str | None]


def sizes_of_samples(specs: Sequence[TensorSpec], path: Path | None, size: tuple[int, int] | None) -> Shapes:
    """The shapes of inputs with open axes for one of the samples that are given, as far as they can be told.

    They are those of the arrays in a .npz or .npy file, which may hold the channels of images elsewhere; without one,
    the `size` that images are brought to. Samples of very many numbers say nothing.
    """
    if path is None or path.is_dir():
        found = {spec.name: _image(spec.dims, size) for spec in specs}
    else:
        held = shapes_in(path) if path.is_file() else {}
        if len(specs) == 1 and specs[0].name not in held:
            name = of_main_input(held)
            held = {} if name is None else {specs[0].name: held[name]}
        found = {spec.name: _one_sample(spec.dims, held[spec.name]) for spec in specs if spec.name in held}
    return {name: shape for name, shape in found.items() if 0 < math.prod(shape) <= _MOST_NUMBERS and shape}


def _one_sample(dims: _Dims, shape: Shape) -> Shape:
    """The shape of one sample of an input with `dims`, out of that of many; () if no axis is open, or it does not fit.

    >>> _one_sample(("n", 3, "h", "w"), (50, 480, 640, 3))
    (1, 3, 480, 640)
    """
    given = shape[1:]
    if len(given) == len(_IMAGE):
        return _fitting(dims, [given, (given[-1], *given[:-1]), (*given[1:], given[0])])
    is_grey = len(given) == len(_IMAGE) - 1
    return _fitting(dims, [given, *([(1, *given), (*given, 1)] if is_grey else [])])


def _image(dims: _Dims, size: tuple[int, int] | None) -> Shape:
    """The shape of one image of a size for an input with `dims`, channels first or last; () if it reads none."""
    if size is None or len(dims) != len(_IMAGE) + 1:
        return ()
    colours = (n for n in (dims[1], dims[3]) if isinstance(n, int) and n in COLOURS)
    return _fitting(dims, [turn for n in colours for turn in ((n, *size), (*size, n))])


def _fitting(dims: _Dims, likely: Sequence[Shape]) -> Shape:
    """One sample with the first of the likely inner shapes that the fixed axes allow; () if no axis is open."""
    inner = dims[1:]
    if all(isinstance(dim, int) for dim in inner):
        return ()
    first = dims[0] if isinstance(dims[0], int) else 1
    fits = (one for one in likely if len(one) == len(inner) and all(map(_may_be, inner, one)))
    return next(((first, *one) for one in fits), ())


def _may_be(dim: int | str | None, size: int) -> bool:
    return not isinstance(dim, int) or dim == size
