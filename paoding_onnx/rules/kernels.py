"""Which counts of channels onnxruntime's kernels like. Measured on x86; nothing that ONNX says."""

from __future__ import annotations

from collections.abc import Sequence

DENSE_MULTIPLE = 16
"""Dense convolutions get faster in steps of 16 channels."""
DEPTHWISE_MULTIPLE = 4
"""Depthwise convolutions are 2 to 8 times slower at channel counts that are not a multiple of 4."""


def step_of_channels(liked: Sequence[int], most: int) -> int:
    """The number whose multiple a count of channels should be: at most `most`, unless kernels would turn slow.

    `liked` are the multiples that the kernels like which these channels meet, ascending.

    >>> step_of_channels([4, 16], 8), step_of_channels([16], 2)
    (8, 4)
    """
    return max(min(most, liked[-1]), min(DEPTHWISE_MULTIPLE, liked[0]))
