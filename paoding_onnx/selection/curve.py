"""The sensitivity of one group, as a value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

SHARES = (0.125, 0.25, 0.375, 0.5, 0.625, 0.75, 0.875)
"""Shares of a group's units at which the sensitivity of the outputs is measured."""


@dataclass(frozen=True, slots=True)
class Sensitivity:
    """What it does to the outputs that a group lost its first `counts` units.

    For probabilities of classes the divergence (Kullback, Leibler) from those of the whole model, in nats; for other
    outputs the mean square change as a share of the variance. Rows of numbers that may be scores of classes or not have
    the larger of both. `input_shapes` are those of the inputs that this was measured on, by name.
    """

    group: str
    counts: tuple[int, ...]
    values: tuple[float, ...]
    input_shapes: Mapping[str, tuple[int, ...]] = field(default_factory=dict, compare=False)
