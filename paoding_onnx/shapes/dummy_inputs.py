"""A shape for every input of a model: its open axes get sizes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from paoding_onnx.errors import ModelError, UsageError
from paoding_onnx.model.graph import Array
from paoding_onnx.model.load import TensorSpec

Shapes = Mapping[str, tuple[int, ...]]
"""Input name to shape."""


def choose_shapes(specs: Sequence[TensorSpec], *, batch: int, size: int, given: Shapes | None = None) -> Shapes:
    """A shape for every input: open first axes become `batch`, other open axes `size`; `given` shapes win.

    Axes that share a symbol get the same size.

    >>> choose_shapes([TensorSpec("x", None, ("n", 3, None))], batch=1, size=64)
    {'x': (1, 3, 64)}

    Raises:
        UsageError: if `given` names no input, or contradicts an input's fixed sizes.
    """
    given = given or {}
    _check_given(specs, given)
    symbols = {
        dim: size
        for spec in specs
        for dim, size in zip(spec.dims, given.get(spec.name, ()), strict=False)
        if isinstance(dim, str)
    }
    for spec in specs:
        for axis, dim in enumerate(spec.dims):
            if isinstance(dim, str):
                symbols.setdefault(dim, batch if axis == 0 else size)
    return {spec.name: given.get(spec.name) or _shape(spec, symbols, batch, size) for spec in specs}


def _check_given(specs: Sequence[TensorSpec], given: Shapes) -> None:
    dims = {spec.name: spec.dims for spec in specs}
    for name, shape in given.items():
        if name not in dims:
            raise UsageError(f"no input is named {name!r}; the model has {', '.join(map(repr, dims)) or 'none'}")
        fits = len(shape) == len(dims[name]) and all(
            not isinstance(dim, int) or dim == size for dim, size in zip(dims[name], shape, strict=True)
        )
        if not fits:
            raise UsageError(f"input {name!r} has shape {dims[name]}, which {shape} does not fit")


def _shape(spec: TensorSpec, symbols: Mapping[str, int], batch: int, size: int) -> tuple[int, ...]:
    sizes = []
    for axis, dim in enumerate(spec.dims):
        open_size = batch if axis == 0 else size
        sizes.append(dim if isinstance(dim, int) else symbols.get(dim or "", open_size))
    return tuple(sizes)


def random_feeds(specs: Sequence[TensorSpec], shapes: Shapes, rng: np.random.Generator) -> dict[str, Array]:
    """Contents for every input: normal floats, integers 0 or 1 (valid indices almost everywhere), random booleans.

    Raises:
        ModelError: if an input is not a tensor of numbers, or does not fit into memory.
    """
    return {spec.name: random_content(spec, shapes[spec.name], rng) for spec in specs}


def random_content(spec: TensorSpec, shape: tuple[int, ...], rng: np.random.Generator) -> Array:
    """Contents for one input of this shape; see `random_feeds`."""
    if spec.dtype is None or spec.dtype.kind not in "fiub":
        raise ModelError(f"input {spec.name!r} is not a tensor of numbers; such models cannot be run for the proof")
    try:
        if spec.dtype.kind == "f":
            return rng.standard_normal(shape, np.float32).astype(spec.dtype)
        return rng.integers(0, 2, shape).astype(spec.dtype)
    except (MemoryError, ValueError) as error:  # numpy's words for more than there is, and for more than there can be
        raise ModelError(f"input {spec.name!r} of shape {shape} does not fit into memory") from error
