"""Seeded random contents: enough to run a model, not to learn how it behaves on data."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from paoding_onnx.errors import ModelError
from paoding_onnx.model.graph import Array
from paoding_onnx.model.load import InputSpec
from paoding_onnx.shapes.dummy_inputs import Shapes


def random_feeds(specs: Sequence[InputSpec], shapes: Shapes, rng: np.random.Generator) -> dict[str, Array]:
    """Contents for every input: normal floats, integers 0 or 1 (valid indices almost everywhere), random booleans.

    Raises:
        ModelError: if an input is no tensor of numbers.
    """
    return {spec.name: random_content(spec, shapes[spec.name], rng) for spec in specs}


def random_content(spec: InputSpec, shape: tuple[int, ...], rng: np.random.Generator) -> Array:
    """Contents for one input of this shape; see `random_feeds`."""
    if spec.dtype is None or spec.dtype.kind not in "fiub":
        raise ModelError(f"input {spec.name!r} is no tensor of numbers; such models cannot be run for the proof")
    if spec.dtype.kind == "f":
        return rng.standard_normal(shape, np.float32).astype(spec.dtype)
    return rng.integers(0, 2, shape).astype(spec.dtype)
