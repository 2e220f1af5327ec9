"""What an entry with open axes is: a module, its inputs by name, the size to export at and five others to judge at."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

Size = Mapping[str, int]
"""A number for each open axis, by the name of the axis."""

N_SIZES = 5
"""Sizes at which each model is judged."""


@dataclass(frozen=True, slots=True)
class Input:
    """An input: its shape, whose words are open axes or sums of them ("past+length"), and how it is filled.

    `fill` is a word of `scripts.zoo.open_axes.feeds`, which may name an axis: "positions past".
    """

    name: str
    shape: tuple[int | str, ...]
    fill: str = "normal"


@dataclass(frozen=True, slots=True)
class OpenModel:
    """A module that takes `inputs` in order, exported at the size `traced` and to be right at the five `sizes`.

    `exporters` is "old", "new" or both. `compare` says how outputs are compared: "plain", or "rows N" where the rows of
    the first N axes (boxes that are found) may change places among equals. `outputs` names the outputs, all of them or
    none.
    """

    make: Callable[[], Any]
    inputs: tuple[Input, ...]
    traced: Size
    sizes: tuple[Size, ...]
    exporters: str = "old"
    compare: str = "plain"
    outputs: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Refuse sizes that share a number with the one exported at.

        Raises:
            ValueError: naming the size, or saying that there are not five.
        """
        if len(self.sizes) != N_SIZES:
            raise ValueError(f"{len(self.sizes)} sizes, not {N_SIZES}")
        for size in self.sizes:
            if any(size[axis] == n for axis, n in self.traced.items()):
                raise ValueError(f"{dict(size)} shares an axis with {dict(self.traced)}, the size exported at")


def sizes(**numbers: Sequence[int]) -> tuple[Size, ...]:
    """Sizes from one row of numbers for each axis."""
    rows = zip(*numbers.values(), strict=True)
    return tuple(MappingProxyType(dict(zip(numbers, row, strict=True))) for row in rows)


def shape_at(given: Input, size: Size) -> tuple[int, ...]:
    """The shape of an input at a size."""
    return tuple(number_at(axis, size) for axis in given.shape)


def number_at(axis: int | str, size: Size) -> int:
    """The number of an axis, of a sum of axes, or of a number that is written out."""
    if isinstance(axis, int):
        return axis
    return sum(int(word) if word.isdigit() else size[word] for word in axis.split("+"))


def feed_at(given: Input, size: Size) -> dict[str, Any]:
    """Shape and fill of an input at a size, as JSON holds them; an axis in the fill is replaced by its number."""
    kind, *words = given.fill.split()
    return {"shape": list(shape_at(given, size)), "fill": " ".join([kind, *(str(number_at(w, size)) for w in words)])}
