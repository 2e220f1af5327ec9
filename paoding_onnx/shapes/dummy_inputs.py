"""Contents for the inputs of a model, drawn at random."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from paoding_onnx.errors import ModelError
from paoding_onnx.model.input_sizes import Feeding, Fill, Shape, repeated
from paoding_onnx.model.load import TensorSpec
from paoding_onnx.model.nodes import Array


def random_feeds(specs: Sequence[TensorSpec], feeding: Feeding, rng: np.random.Generator) -> dict[str, Array]:
    """Contents for every input: those that were given, else normal floats, random booleans, integers as `feeding` says.

    Raises:
        ModelError: if an input is not a tensor of numbers, or does not fit into memory.
    """
    made = {spec.name: random_content(spec, feeding.shapes[spec.name], rng) for spec in specs}
    steps = _steps(specs, feeding)
    for spec in specs:
        if feeding.fill is not Fill.BITS and spec.dtype is not None and spec.dtype.kind in "iu":
            number = _number(spec, steps) if feeding.fill is Fill.LENGTHS else 1
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


def length_fed(spec: TensorSpec, specs: Sequence[TensorSpec], feeding: Feeding) -> int | None:
    """The number that an input of lengths is fed; `None` where nothing had to be found out about it."""
    return _number(spec, _steps(specs, feeding)) if feeding.fill is Fill.LENGTHS else None


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
