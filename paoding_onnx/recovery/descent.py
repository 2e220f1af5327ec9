"""Gradient descent on weights: Adam with a warm-up and a cosine, whose second half is averaged. Knows no network.

Source: Kingma, Ba 2015, "Adam"; Izmailov et al. 2018 for the average.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from paoding_onnx.errors import ModelError

Singles = NDArray[np.float32]
Weights = Mapping[str, Singles]
Batch = Mapping[str, NDArray[np.generic]]
WARM_UP = 20
"""Steps in which the rate rises."""
LONGEST = 5.0
"""Norm of all gradients together above which they are shortened."""
AVERAGED = 2
"""One of so many steps, the last ones, goes into the average."""
LOWEST = 0.3
"""The share of the rate that is left in the end: weights go on around the place that their average is."""
NEWER = 0.1
"""How much the weights of a step count in the average of those so far."""
OF_SLOPES, OF_SQUARES = 0.9, 0.999
"""What a step keeps of the averages of gradients and of their squares."""
TINY = 1e-8
BLOCK = 1 << 14
"""Numbers of a weight that are worked on at a time: few enough to stay in the processor's cache meanwhile."""


@dataclass(frozen=True, slots=True)
class Slope:
    """A loss, and its gradient by every weight."""

    loss: float
    gradients: Weights


class DivergedError(ModelError):
    """The rate of learning is too high."""


class Differentiable(Protocol):
    """What has a loss and gradients by its weights on a batch of tensors by name: the engine, whichever it is."""

    def loss(self, weights: Weights, batch: Batch) -> float:
        """The loss on a batch."""
        ...

    def answers(self, weights: Weights, batch: Batch) -> Mapping[str, NDArray[np.generic]]:
        """What the network has, on a batch, where it is compared with another."""
        ...

    def loss_and_gradients(self, weights: Weights, batch: Batch) -> Slope:
        """The loss on a batch, and its gradients."""
        ...


@dataclass(frozen=True, slots=True)
class Schedule:
    """How many steps to go, and the highest rate of learning."""

    steps: int
    rate: float

    def rate_at(self, step: int) -> float:
        """The rate at step number `step`, from 0: it rises, then falls along a cosine.

        >>> [round(Schedule(100, 1.0).rate_at(step), 2) for step in (0, 19, 50, 99)]
        [0.05, 0.94, 0.65, 0.3]
        """
        fallen = 0.5 * (1 - math.cos(math.pi * step / self.steps))
        return self.rate * min(1.0, (step + 1) / WARM_UP) * (1 - (1 - LOWEST) * fallen)


@dataclass(slots=True)
class _Adam:
    """The averages that decide about the next step: of gradients and of their squares."""

    averages: tuple[dict[str, Singles], dict[str, Singles]] = field(default_factory=lambda: ({}, {}))
    steps: int = 0

    def moved(self, weights: Weights, gradients: Weights, *, norm: float, rate: float) -> dict[str, Singles]:
        """The weights after one more step; `norm` is that of all gradients together."""
        self.steps += 1
        share = np.float32(min(1.0, LONGEST / max(norm, TINY)))
        reach, seen = np.float32(rate / (1 - OF_SLOPES**self.steps)), np.float32(1 - OF_SQUARES**self.steps)

        def step(weight: Singles, gradient: Singles, slope: Singles, square: Singles) -> Singles:
            gradient = share * gradient
            slope += np.float32(1 - OF_SLOPES) * (gradient - slope)
            square += np.float32(1 - OF_SQUARES) * (gradient * gradient - square)
            return np.asarray(weight - reach * slope / (np.sqrt(square / seen) + np.float32(TINY)))

        return {
            name: _by_block(step, weight, gradients[name], *(_zeros(of, name, weight.shape) for of in self.averages))
            for name, weight in weights.items()
        }


def _zeros(held: dict[str, Singles], name: str, shape: tuple[int, ...]) -> Singles:
    """What is held by a name; zeros from now on if nothing is."""
    return held.setdefault(name, np.zeros(shape, np.float32))


def _by_block(work: Callable[..., Singles], *arrays: Singles) -> Singles:
    """What `work` makes of arrays of one shape, number by number, put together again; it may change contiguous ones."""
    found = np.empty(arrays[0].shape, np.float32)
    flat, out = [array.reshape(-1) for array in arrays], found.reshape(-1)
    for start in range(0, found.size, BLOCK):
        part = slice(start, start + BLOCK)
        out[part] = work(*(array[part] for array in flat))
    return found


def descend(
    weights: Weights,
    network: Differentiable,
    batches: Callable[[int], Sequence[Batch]],
    schedule: Schedule,
    tell: Callable[[int, float], None],
    look: Callable[[int, Weights], bool] = lambda _step, _weights: False,
) -> dict[str, Singles]:
    """The weights after all steps, the second half of them averaged; `tell` hears of every step and its loss.

    A step goes by the mean of the gradients on its batches. `look` sees the weights after every step, as they would be
    kept: averaged, before the second half later ones counting for more. It says whether that is enough, and raises
    where it is hopeless.

    Raises:
        ModelError: if the loss or a gradient is not finite.
    """
    adam, here = _Adam(), {name: np.asarray(value, np.float32) for name, value in weights.items()}
    n_averaged = max(schedule.steps // AVERAGED, 1)
    mean: dict[str, Singles] = {}
    recent = dict(here)
    for step in range(schedule.steps):
        slope = _mean([network.loss_and_gradients(here, batch) for batch in batches(step)])
        norm = _norm(slope.gradients)
        if not math.isfinite(slope.loss) or not math.isfinite(norm):
            raise DivergedError(f"the loss of step {step + 1} has no finite gradient")
        here = adam.moved(here, slope.gradients, norm=norm, rate=schedule.rate_at(step))
        if (number := step - (schedule.steps - n_averaged)) >= 0:
            mean = _mixed(mean or here, here, _shared(np.float32(1 / (number + 1))))
        else:
            recent = _mixed(recent, here, _nearer)
        tell(step, slope.loss)
        if look(step, mean or recent):
            break
    return mean or recent


def _mean(slopes: Sequence[Slope]) -> Slope:
    """The mean of losses and gradients."""
    if len(slopes) == 1:
        return slopes[0]
    share = np.float32(1 / len(slopes))
    names = slopes[0].gradients
    gradients = {name: np.sum([one.gradients[name] for one in slopes], axis=0) * share for name in names}
    return Slope(sum(one.loss for one in slopes) / len(slopes), gradients)


def _mixed(old: Weights, new: Weights, mix: Callable[..., Singles]) -> dict[str, Singles]:
    """What `mix` makes of every weight before and now."""
    return {name: _by_block(mix, old[name], value) for name, value in new.items()}


def _nearer(old: Singles, new: Singles) -> Singles:
    """An average in which what is newer counts for more."""
    return old + np.float32(NEWER) * (new - old)


def _shared(share: np.float32) -> Callable[[Singles, Singles], Singles]:
    """An average in which what is new has a share."""
    return lambda old, new: old * (1 - share) + new * share


def _norm(gradients: Weights) -> float:
    """Length of all gradients together."""
    flat = (value.reshape(-1) for value in gradients.values())
    parts = (one[k : k + BLOCK] for one in flat for k in range(0, one.size, BLOCK))
    return math.sqrt(sum(float(np.square(part, dtype=np.float64).sum()) for part in parts))
