"""Attacks: small changes of the input, within its range, that raise the loss. Each sample is changed on its own."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from paoding_onnx.errors import UsageError
from paoding_onnx.evaluation.dataset import Range
from paoding_onnx.evaluation.metrics import Floats, Labels
from paoding_onnx.model.nodes import Array
from paoding_onnx.names import ATTACKS

Direction = Callable[[Array, Labels], Floats]
"""Says in which direction, shaped like the input, each sample's loss rises; only signs count."""
Classify = Callable[[Array, Labels], NDArray[np.bool_]]
"""Says which samples still get their label."""
_PGD_REACH = 2.5
"""Steps of PGD could reach this many times as far as they may go."""
_DIFFERENCE = 1e-2
"""Distance of finite differences, as a share of the input's range."""


@dataclass(frozen=True, slots=True)
class Attack:
    """How to attack.

    >>> Attack(epsilons=(0.05,)).method
    'fgsm'

    Attributes:
        epsilons: how far each value of the input may move, as shares of the input's range.
        method: ``fgsm``, one step; ``pgd``, several from a random start, fooled if any of them fools.
        steps: of PGD.
        value_range: lowest and highest value of the input; `None` takes what the data say.
        black_box: estimate the gradient from outputs alone; for models without an exact one.
        queries: pairs of runs that an estimate takes.
        seed: for random starts and estimates.

    Raises:
        UsageError: if a value is out of its range.
    """

    epsilons: tuple[float, ...] = (0.01, 0.05)
    method: str = "fgsm"
    steps: int = 10
    value_range: tuple[float, float] | None = None
    black_box: bool = False
    queries: int = 64
    seed: int = 0

    def __post_init__(self) -> None:
        """Check every value once, here."""
        if not self.epsilons or not all(math.isfinite(e) and 0 < e <= 1 for e in self.epsilons):
            raise UsageError(f"epsilons {self.epsilons} must lie in (0, 1]: they are shares of the input's range")
        if self.method not in ATTACKS:
            raise UsageError(f"attack method {self.method!r} is none of {', '.join(ATTACKS)}")
        if self.steps < 1 or self.queries < 1 or self.seed < 0:
            raise UsageError("steps and queries must be at least 1, seed must not be negative")
        if self.value_range is not None and not -math.inf < self.value_range[0] < self.value_range[1] < math.inf:
            raise UsageError(f"range {self.value_range} must be two numbers, the lower one first")


def fgsm(x: Array, slope: Floats, epsilon: float, bounds: Range) -> Array:
    """clip(x + epsilon sign(slope)), epsilon a share of the range. Source: Goodfellow et al., arXiv 1412.6572, eq. 2.1.

    >>> fgsm(np.array([0.5, 1.0]), np.array([-2.0, 3.0]), 0.1, Range(np.array(0.0), np.array(1.0))).tolist()
    [0.4, 1.0]
    """
    low, high = _ends(bounds)
    moved = np.asarray(x, np.float64) + epsilon * (high - low) * np.sign(slope)
    return np.clip(moved, low, high).astype(x.dtype)


@dataclass(frozen=True, slots=True)
class Walk:
    """How far PGD may go, a share of the range in `bounds`, and in how many steps, from a start that `seed` draws."""

    epsilon: float
    bounds: Range
    steps: int
    seed: tuple[int, ...]


def pgd(x: Array, labels: Labels, direction: Direction, classify: Classify, walk: Walk) -> Array:
    """The first input on the walk that fools the model, else the last one. Source: Madry et al., arXiv 1706.06083."""
    low, high = _ends(walk.bounds)
    rng = np.random.default_rng(walk.seed)
    centre, reach = np.asarray(x, np.float64), walk.epsilon * (high - low)
    lowest, highest = np.maximum(centre - reach, low), np.minimum(centre + reach, high)
    found = np.clip(centre + reach * rng.uniform(-1, 1, x.shape), lowest, highest).astype(x.dtype)
    standing = classify(found, labels)
    for _ in range(walk.steps):
        if not standing.any():
            break
        step = _PGD_REACH / walk.steps * reach * np.sign(direction(found, labels))
        moved = np.clip(np.asarray(found, np.float64) + step, lowest, highest).astype(x.dtype)
        found = np.where(standing.reshape(-1, *[1] * (x.ndim - 1)), moved, found)
        standing = standing & classify(found, labels)
    return found


def estimate(
    loss: Callable[[Array, Labels], Floats], *, bounds: Range, queries: int, rng: np.random.Generator
) -> Direction:
    """A direction from outputs alone: mean of `queries` random directions, each weighted by the slope found along it.

    Inputs of at most `queries` values are moved one value at a time instead, which finds every slope. Source: Spall,
    "Multivariate Stochastic Approximation Using a Simultaneous Perturbation Gradient Approximation", IEEE TAC 1992.
    """

    def direction(x: Array, labels: Labels) -> Floats:
        """The estimate at `x`."""
        low, high = _ends(bounds)
        width = np.broadcast_to(high - low, x[:1].shape)
        found = np.zeros(x.shape)
        n_values = x[:1].size
        for number in range(min(queries, n_values)):
            if n_values <= queries:
                way = (np.arange(n_values) == number).reshape(x[:1].shape).astype(np.float64)
            else:
                way = rng.choice((-1.0, 1.0), x.shape)
            ends = [(np.asarray(x, np.float64) + sign * _DIFFERENCE * width * way).astype(x.dtype) for sign in (1, -1)]
            rise = loss(ends[0], labels) - loss(ends[1], labels)
            found += rise.reshape(-1, *[1] * (x.ndim - 1)) * way
        return found

    return direction


def _ends(bounds: Range) -> tuple[Floats, Floats]:
    return np.asarray(bounds.low, np.float64), np.asarray(bounds.high, np.float64)
