"""The sensitivity of one group, as a value."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

SHARES = (0.125, 0.25, 0.375, 0.5, 0.625, 0.75, 0.875)
"""Shares of a group's units at which the sensitivity of the outputs may be measured."""
MOST_MEASURED = 4
"""At so many of them it is: what lies between is told by what consumers lose."""


@dataclass(frozen=True, slots=True)
class Sensitivity:
    """What it does to the outputs that a group lost its first `counts` units.

    For probabilities of classes the divergence (Kullback, Leibler) from those of the whole model, in nats; for those
    that stand for themselves, as of detections, this as a share of what they tell; for other outputs the mean square
    change as a share of the variance. Rows of numbers that may be scores of classes or not have
    the larger of both. `input_shapes` are those of the inputs that this was measured on, by name. `losses` say of every
    count, from one on, what share of their outputs the consumers of the group lose: it was not measured on the outputs
    of the model, but tells how sensitivity goes on between two measured counts.
    """

    group: str
    counts: tuple[int, ...]
    values: tuple[float, ...]
    input_shapes: Mapping[str, tuple[int, ...]] = field(default_factory=dict, compare=False)
    losses: tuple[float, ...] = field(default=(), compare=False)


def counts_to_measure(n_units: int, losses: Sequence[float]) -> tuple[int, ...]:
    """Numbers of units whose loss is measured; `losses` are those of `Sensitivity`, for every count but the last.

    The fewest and the most of those that belong to `SHARES`, the one next to where the losses turn upwards, and one in
    the middle of the larger gap.

    >>> counts_to_measure(16, [0.0] * 8 + [0.1, 0.3, 0.4, 0.5, 0.6, 0.8, 1.0])
    (2, 8, 12, 14)
    """
    usual = sorted({min(max(round(share * n_units), 1), len(losses)) for share in SHARES} - {0})
    if len(usual) <= MOST_MEASURED:
        return tuple(usual)
    last = len(usual) - 1
    turn = min(range(1, last), key=lambda k: abs(usual[k] - _turn(losses)))
    low, high = (0, turn) if turn > last - turn else (turn, last)
    return tuple(usual[k] for k in sorted({0, turn, -(-(low + high) // 2), last}))


def _turn(losses: Sequence[float]) -> int:
    """The count at which losses, which only grow, are farthest below the straight line from none to all."""
    grown = np.maximum.accumulate([0.0, *losses])
    line = np.arange(len(grown)) / max(len(grown) - 1, 1) * grown[-1]
    return int(np.argmax(line - grown))


def columns(sensitivity: Sensitivity) -> tuple[int, ...]:
    """Which of `SHARES` each of the counts is nearest to, by its place."""
    n_units = len(sensitivity.losses) + 1
    return tuple(
        min(range(len(SHARES)), key=lambda k: abs(SHARES[k] - count / n_units)) for count in sensitivity.counts
    )
