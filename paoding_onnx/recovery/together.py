"""One network that learns on inputs of two kinds, real ones and synthetic ones: a step has inputs of one kind."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from paoding_onnx.model.nodes import Array
from paoding_onnx.recovery.descent import Weights

Loss = Callable[[Weights, Mapping[str, Array]], float]
Answers = Callable[[Weights, Mapping[str, Array]], Mapping[str, Array]]


class Learner(Protocol):
    """A network that learns on inputs of one kind (see `recovery.student`)."""

    @property
    def count(self) -> int:
        """How many inputs there are."""
        ...

    def drawn(self, rng: np.random.Generator) -> dict[str, Array]:
        """What a step reads."""
        ...

    def held_back(self, loss: Loss, weights: Weights) -> float:
        """The mean of `loss` on the inputs that are held back."""
        ...

    def off(self, answers: Answers, weights: Weights) -> float:
        """How far outputs are from the original's on the inputs that are held back."""
        ...


@dataclass(frozen=True, slots=True)
class Losses:
    """The loss on all inputs, each kind counting by its share, and that on those of the first kind alone."""

    whole: float
    first: float


@dataclass(frozen=True, slots=True)
class Together:
    """A learner for each kind of input, real ones first, all with the same `weights`, and the share of each."""

    weights: Weights
    learners: Sequence[Learner]
    shares: Sequence[float]

    @property
    def count(self) -> int:
        """How many inputs there are."""
        return sum(one.count for one in self.learners)

    def drawn(self, rng: np.random.Generator) -> dict[str, Array]:
        """What a step reads."""
        is_alone = len(self.learners) == 1
        return self.learners[0 if is_alone else int(rng.choice(len(self.shares), p=self.shares))].drawn(rng)

    def held_back(self, loss: Loss, weights: Weights) -> Losses:
        """The mean of `loss` on the inputs that are held back."""
        found = [one.held_back(loss, weights) for one in self.learners]
        return Losses(float(np.dot(found, self.shares)), found[0])

    def off(self, answers: Answers, weights: Weights) -> float:
        """How far outputs are from the original's on inputs of the first kind that are held back."""
        return self.learners[0].off(answers, weights)
