"""What a model is fed to see it run: sizes for its open axes, and how those hang together. Runs nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

Shape = tuple[int, ...]
Shapes = Mapping[str, Shape]
"""Tensor or input name to shape."""
BATCH = "batch"
"""The name of the size that all open first axes share."""


class Fill(StrEnum):
    """What inputs of integers hold; floats are drawn from a normal distribution."""

    BITS = "bits"
    """0 or 1, at random: valid indices almost everywhere; what is called a length is the number of all steps."""
    ONES = "ones"
    """Ones, as in a mask that hides nothing."""
    LENGTHS = "lengths"
    """Ones, and in inputs of at most one axis how many steps there are, those of the past included."""


@dataclass(frozen=True, slots=True)
class Given:
    """What a user says about inputs, by name: their `shapes`, and `contents` with as many axes as the input has.

    Contents are repeated along each axis to the size at which a model is run. `likely` shapes and `counts`, contents
    of inputs that say how many steps are made, nobody gave: they are tried first.
    """

    shapes: Shapes = field(default_factory=dict)
    contents: Mapping[str, NDArray[np.generic]] = field(default_factory=dict)
    likely: Shapes = field(default_factory=dict)
    counts: Mapping[str, NDArray[np.generic]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Feeding:
    """The shape of every input, and what its integers hold; `contents` are those that a user gave."""

    shapes: Shapes
    fill: Fill = Fill.BITS
    contents: Mapping[str, NDArray[np.generic]] = field(default_factory=dict, compare=False)

    def __str__(self) -> str:
        """The shapes as a user would give them.

        >>> str(Feeding({"ids": (2, 7), "mask": (2, 7)}))
        'ids=2x7 mask=2x7'
        """
        return " ".join(f"{name}={'x'.join(map(str, shape)) or 'scalar'}" for name, shape in self.shapes.items())


@dataclass(frozen=True, slots=True)
class Relation:
    """How the sizes of open axes hang together.

    `keys` gives the size of an open axis (input, axis) a name; axes of one name have one size. `sums` are sizes that
    others make: a mask is as long as past and new steps together. A summand may be a number.
    """

    keys: Mapping[tuple[str, int], str]
    sums: Mapping[str, tuple[str | int, ...]] = field(default_factory=dict)

    @property
    def free(self) -> tuple[str, ...]:
        """Names of the sizes that may be chosen, in the order of the inputs; that of the batch is not among them."""
        return tuple(key for key in dict.fromkeys(self.keys.values()) if key != BATCH and key not in self.sums)

    @property
    def has_batch(self) -> bool:
        """Whether a batch axis is open."""
        return BATCH in self.keys.values()

    def shapes(self, dims: Mapping[str, Sequence[int | str | None]], batch: int, sizes: Mapping[str, int]) -> Shapes:
        """The shape of every input when the free sizes are these.

        >>> relation = Relation({("x", 0): BATCH, ("x", 1): "t", ("m", 0): "s"}, {"s": ("t", 1)})
        >>> relation.shapes({"x": (None, None), "m": (None,)}, 2, {"t": 7})
        {'x': (2, 7), 'm': (8,)}
        """
        known = {BATCH: batch, **sizes}
        for key, parts in self.sums.items():
            known[key] = sum(part if isinstance(part, int) else known[part] for part in parts)
        return {
            name: tuple(dim if isinstance(dim, int) else known[self.keys[name, k]] for k, dim in enumerate(of))
            for name, of in dims.items()
        }


@dataclass(frozen=True, slots=True)
class InputSizes:
    """The sizes at which a model was seen to run.

    Attributes:
        measured: those at which costs, times and outputs are told.
        traced: those at which equations are read: more than one sample, other sizes along all open axes where the
            model takes them.
        shapes: shape of every tensor at the measured sizes.
        relation: how they hang together.
        only: open axes (input, axis) that took one size alone, whatever else was tried.
        steps: how often each body that was looked into ran at the measured sizes, by the first tensor it is handed.
    """

    measured: Feeding
    traced: Feeding
    shapes: Shapes
    relation: Relation
    only: frozenset[tuple[str, int]] = frozenset()
    steps: Mapping[str, int] = field(default_factory=dict)


def repeated(content: NDArray[np.generic], shape: Shape) -> NDArray[np.generic]:
    """The content repeated, or cut off, along each axis to the sizes of a shape.

    >>> repeated(np.array([[1, 2, 3]]), (2, 5)).tolist()
    [[1, 2, 3, 1, 2], [1, 2, 3, 1, 2]]
    """
    for axis, size in enumerate(shape):
        content = np.take(content, np.arange(size), axis, mode="wrap")
    return content


FIXED = Relation(MappingProxyType({}))
"""The relation of a model without open axes."""
