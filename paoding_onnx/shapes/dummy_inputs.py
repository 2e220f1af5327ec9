"""Contents for the inputs of a model, drawn at random."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from paoding_onnx.errors import ModelError
from paoding_onnx.model.input_names import Companion, companion_of
from paoding_onnx.model.input_sizes import Feeding, Fill, Shape, repeated
from paoding_onnx.model.nodes import Array, TensorSpec

MOST_SETTINGS = 8
"""An input without samples that holds at most so many floats sets something, such as a speed."""


def random_feeds(specs: Sequence[TensorSpec], feeding: Feeding, rng: np.random.Generator) -> dict[str, Array]:
    """Contents for every input: those that were given, else normal floats, random booleans, integers as `feeding` says.

    Settings are one: speech of a speed of nothing, or less, would be over at once.

    Raises:
        ModelError: if an input is not a tensor of numbers, or does not fit into memory.
    """
    made = {spec.name: random_content(spec, feeding.shapes[spec.name], rng) for spec in specs}
    made |= {spec.name: np.ones(feeding.shapes[spec.name], spec.dtype) for spec in _settings(specs, feeding)}
    for spec in specs:
        number = _number_fed(spec, specs, feeding)
        if number is not None:
            made[spec.name] = np.full(feeding.shapes[spec.name], number, spec.dtype)
    return made | {name: repeated(content, feeding.shapes[name]) for name, content in feeding.contents.items()}


def random_content(spec: TensorSpec, shape: Shape, rng: np.random.Generator) -> Array:
    """Contents for one input of this shape; integers are 0 or 1, valid indices almost everywhere.

    Raises:
        ModelError: if the input is not a tensor of numbers, or does not fit into memory.
    """
    if spec.dtype is None or spec.dtype.kind not in "fiub":
        raise ModelError(f"input {spec.name!r} is not a tensor of numbers; such models cannot be run for the proof")
    try:
        if spec.dtype.kind == "f":
            return rng.standard_normal(shape, np.float32).astype(spec.dtype)
        return rng.integers(0, 2, shape).astype(spec.dtype)
    except (MemoryError, ValueError) as error:  # numpy's words for more than there is, and for more than there can be
        raise ModelError(f"input {spec.name!r} of shape {shape} does not fit into memory") from error


def is_setting(spec: TensorSpec, shape: Shape) -> bool:
    """Whether an input of this shape, no axis of which is one of samples, sets something: a speed, a temperature."""
    is_small = len(spec.dims) < 2 and math.prod(shape) <= MOST_SETTINGS
    return spec.dtype is not None and spec.dtype.kind == "f" and is_small


def _settings(specs: Sequence[TensorSpec], feeding: Feeding) -> list[TensorSpec]:
    """The settings beside inputs that hold more."""
    holds_more = any(len(spec.dims) > 1 for spec in specs)
    fixed = [spec for spec in specs if holds_more and all(isinstance(dim, int) for dim in spec.dims)]
    return [spec for spec in fixed if is_setting(spec, feeding.shapes[spec.name])]


def length_fed(spec: TensorSpec, specs: Sequence[TensorSpec], feeding: Feeding) -> int | None:
    """The number that an input of lengths is fed; `None` where nothing had to be found out about it."""
    return _number(spec, _steps(specs, feeding)) if feeding.fill is Fill.LENGTHS else None


def _number_fed(spec: TensorSpec, specs: Sequence[TensorSpec], feeding: Feeding) -> int | None:
    """The number that an input of integers is filled with; `None` for one of bits, and for other inputs."""
    if spec.dtype is None or spec.dtype.kind not in "iu":
        return None
    if feeding.fill is not Fill.BITS:
        return _number(spec, _steps(specs, feeding)) if feeding.fill is Fill.LENGTHS else 1
    is_length = len(spec.dims) < 2 and companion_of(spec) is Companion.LENGTHS
    return _most_steps(specs, feeding) if is_length else None


def _most_steps(specs: Sequence[TensorSpec], feeding: Feeding) -> int:
    """Steps of the longest input, along axes that are open if any but first ones are."""
    pairs = [zip(spec.dims[1:], feeding.shapes[spec.name][1:], strict=True) for spec in specs]
    sizes = [one for pair in pairs for one in pair]
    is_open = [size for dim, size in sizes if not isinstance(dim, int)]
    return max(is_open or [size for _, size in sizes], default=1)


def _steps(specs: Sequence[TensorSpec], feeding: Feeding) -> int:
    """Steps of a sequence, as the shapes tell: those of tokens, and of past keys `(batch, heads, steps, size)`."""
    shapes = [(spec.dtype, feeding.shapes[spec.name]) for spec in specs if spec.dtype is not None]
    tokens = [shape[1] for dtype, shape in shapes if dtype.kind in "iu" and len(shape) == 2]
    past = [shape[2] for dtype, shape in shapes if dtype.kind == "f" and len(shape) == 4]
    return min(tokens, default=1) + max(past, default=0)


def _number(spec: TensorSpec, steps: int) -> int:
    """What an input of integers holds: the number of all steps, or one less for each sample (the last one's index).

    This is how com.microsoft GroupQueryAttention has its `total_sequence_length` and `seqlens_k`.
    """
    if len(spec.dims) > 1:
        return 1
    is_one_for_each_sample = bool(spec.dims) and not isinstance(spec.dims[0], int)
    return steps - 1 if is_one_for_each_sample else steps
