"""What is kept of the tensors of one run: shape, type, and the content of small ones. Runs nothing."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from paoding_onnx.model.nodes import Array, Origin, Tensor

SMALL = 256
"""Tensors of at most this many elements may be shape arithmetic: their content is kept."""


def observed(values: Mapping[str, Array]) -> dict[str, Tensor]:
    """The tensors of a run by name."""
    return {name: _observed(name, value) for name, value in values.items()}


def _observed(name: str, value: Array) -> Tensor:
    if not isinstance(value, np.ndarray):
        return Tensor(name, Origin.COMPUTED)
    is_kept = value.dtype.kind in "iufb" and value.size <= SMALL
    return Tensor(name, Origin.COMPUTED, value.shape, value.dtype, value if is_kept else None)
