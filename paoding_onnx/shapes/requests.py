"""What the process in which models are tried is asked to do; see `paoding_onnx.shapes.trials`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from paoding_onnx.model.nodes import Array


@dataclass(frozen=True, slots=True)
class LoadRequest:
    """A model to run from now on, and the inner tensors to look at."""

    proto: bytes
    weights: Mapping[str, Array]
    watch: tuple[str, ...]
    verbose: bool


@dataclass(frozen=True, slots=True)
class RunRequest:
    """Inputs to run the model on."""

    feeds: Mapping[str, Array]


@dataclass(frozen=True, slots=True)
class ForgetRequest:
    """The model is not needed any more."""
