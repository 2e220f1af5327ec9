"""Labelled samples, read a few at a time. Reads no files and runs no model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from paoding_onnx.calibration.preprocess import AS_IT_IS, Preprocess, preprocessed
from paoding_onnx.model.nodes import Array

RowIndices = NDArray[np.intp]
"""Numbers of samples."""


class Labelled(Protocol):
    """Samples that can be read a few at a time, each with its label."""

    @property
    def labels(self) -> Array:
        """What the model should say: classes (n,), or values (n, ...)."""

    @property
    def class_names(self) -> tuple[str, ...]:
        """Names of the classes; empty where the data give none."""

    def read(self, rows: RowIndices) -> Mapping[str, Array]:
        """What the model reads for these samples, by name of its input."""

    def take(self, rows: RowIndices) -> Labelled:
        """These samples alone, in this order."""

    def input_range(self) -> Range | None:
        """Between which values the input lies; `None` for several inputs."""


@dataclass(frozen=True, slots=True)
class Range:
    """Lowest and highest values an input can have, as the model reads them; both (1, ...) or (), to broadcast to it."""

    low: Array
    high: Array


@dataclass(frozen=True, slots=True)
class ArraySamples:
    """Samples in memory: `arrays` by name of the input, each (n, ...), and their `labels`.

    `beside` are contents of other inputs, which go along with all samples.

    >>> samples = ArraySamples({"x": np.array([[0, 255]], np.uint8)}, np.array([1]), scale=255)
    >>> samples.read(np.array([0]))["x"].tolist()
    [[0.0, 1.0]]
    """

    arrays: Mapping[str, Array]
    labels: Array
    scale: float | None = None
    class_names: tuple[str, ...] = ()
    preprocess: Preprocess = AS_IT_IS
    beside: Mapping[str, Array] = field(default_factory=dict)

    def read(self, rows: RowIndices) -> Mapping[str, Array]:
        """What the model reads for these samples."""
        return {**self.beside, **{name: self._ready(array[rows]) for name, array in self.arrays.items()}}

    def take(self, rows: RowIndices) -> ArraySamples:
        """These samples alone."""
        arrays = {name: array[rows] for name, array in self.arrays.items()}
        return replace(self, arrays=MappingProxyType(arrays), labels=self.labels[rows])

    def input_range(self) -> Range | None:
        """From byte 0 to 255 where the only input was bytes, else from the lowest to the highest value of all.

        Values that lie in [0, 1] are taken for shares: their range is [0, 1] whatever the ends are.
        """
        if len(self.arrays) != 1:
            return None
        raw = next(iter(self.arrays.values()))
        low, high = (0, 255) if raw.dtype == np.uint8 else (raw.min(), raw.max())
        if raw.dtype.kind == "f" and low >= 0 and high <= 1:
            low, high = 0, 1
        one = np.empty_like(raw[:1])
        return Range(self._ready(np.full_like(one, low)), self._ready(np.full_like(one, high)))

    def _ready(self, raw: Array) -> Array:
        return preprocessed(raw, self.preprocess, self.scale, channel_axis=self._channel_axis(raw.shape))

    def _channel_axis(self, shape: tuple[int, ...]) -> int:
        """Where the channels are: as the layout says, else on the axis that has as many as there are numbers."""
        layout, n_numbers = self.preprocess.layout, len(self.preprocess.shift or self.preprocess.spread)
        is_first = layout == "nchw" or (layout == "auto" and len(shape) > 2 and shape[1] == n_numbers)
        return 1 if is_first else -1


def evenly(labelled: Labelled, n_samples: int) -> Labelled:
    """`n_samples` of the samples (all where there are fewer), evenly spaced, so that no class is favoured by order.

    >>> evenly(ArraySamples({"x": np.arange(6)}, np.arange(6)), 3).labels.tolist()
    [0, 2, 4]
    """
    total = len(labelled.labels)
    return labelled if n_samples >= total else labelled.take(np.arange(n_samples) * total // n_samples)
