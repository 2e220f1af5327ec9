"""Axis equations as values: what an operator does to the axes of its tensors, axis by axis, factor by factor.

Printed, they read as in `paoding_onnx.rules.notation`. Knows no ONNX, and reads no text.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace


class AxesError(ValueError):
    """An equation that cannot be read, or that does not fit the shapes it is given."""


def is_fixed(name: str) -> bool:
    """Whether the factor of this name never shrinks.

    >>> is_fixed("n"), is_fixed("C")
    (True, False)
    """
    return name[0].islower()


@dataclass(frozen=True, slots=True)
class Factor:
    """A named index space. In lower case it never shrinks; along one that is `mixed` the operator mixes."""

    name: str
    mixed: bool = False

    def __str__(self) -> str:
        return f"~{self.name}" if self.mixed else self.name


@dataclass(frozen=True, slots=True)
class Axis:
    """One axis: segments laid end to end, each the product of its factors, major to minor; most axes have one segment.

    A segment without factors has size one.
    """

    segments: tuple[tuple[Factor, ...], ...]

    @property
    def factors(self) -> tuple[Factor, ...]:
        """All factors, segment by segment."""
        if len(self.segments) == 1:
            return self.segments[0]
        return tuple([factor for segment in self.segments for factor in segment])

    @property
    def names(self) -> tuple[str, ...]:
        """The names of all factors, segment by segment."""
        return tuple([factor.name for segment in self.segments for factor in segment])  # asked for all the time

    @property
    def free(self) -> tuple[str, ...]:
        """The names of the factors that may shrink."""
        return tuple([name for name in self.names if not is_fixed(name)])

    def size(self, sizes: Mapping[str, int]) -> int:
        """The sum over the segments of the products of their factors.

        >>> joined([axis("A", "B"), axis("C")]).size({"A": 2, "B": 3, "C": 4})
        10
        """
        return sum(math.prod(sizes[factor.name] for factor in segment) for segment in self.segments)

    def pinned(self, names: Iterable[str] | None = None) -> Axis:
        """The axis with those of its factors that have one of these names in lower case: all without `names`.

        >>> str(axis("F0", "F1").pinned(["F1"]))
        '(F0 f1)'
        """
        chosen = frozenset(self.names if names is None else names)
        return self._with(lambda f: replace(f, name=f.name.lower()) if f.name in chosen else f)

    def mixed(self) -> Axis:
        """The axis with a mark on its factors: the operator mixes along them.

        >>> str(axis("C").mixed())
        '~C'
        """
        return self._with(lambda f: replace(f, mixed=True))

    def _with(self, change: Callable[[Factor], Factor]) -> Axis:
        return Axis(tuple(tuple(map(change, segment)) for segment in self.segments))

    def __str__(self) -> str:
        return "+".join(map(_segment_text, self.segments))


@dataclass(frozen=True, slots=True)
class Star:
    """Any number of axes: ``*s`` stands for the factors s0, s1, ..."""

    factor: Factor

    def axes(self, count: int) -> tuple[Axis, ...]:
        """The axes, once their number is known."""
        made = axes(self.factor.name, count)
        return tuple(one.mixed() for one in made) if self.factor.mixed else made

    def __str__(self) -> str:
        return f"*{self.factor}"


Operand = tuple[Axis, ...]
Pattern = tuple[Axis | Star, ...]
"""An operand before the number of its axes is known."""
ONE = Axis(((),))
"""An axis of size one."""


@dataclass(frozen=True, slots=True)
class Equation:
    """What a node does to the axes of its operands; `None` for one that has none of its own. Prints as its text."""

    inputs: tuple[Pattern | None, ...]
    outputs: tuple[Pattern | None, ...]

    @classmethod
    def of(
        cls, inputs: Iterable[Sequence[Axis | Star] | None], outputs: Iterable[Sequence[Axis | Star] | None]
    ) -> Equation:
        """The equation of these operands.

        >>> str(Equation.of([axes("A", 2), None], [axes("A", 2)]))
        'A0 A1, _ -> A0 A1'
        """
        left, right = (tuple(None if o is None else tuple(o) for o in side) for side in (inputs, outputs))
        return cls(left, right)

    def __str__(self) -> str:
        left, right = (", ".join(map(_operand_text, side)) for side in (self.inputs, self.outputs))
        return f"{left} -> {right}"


def axis(*names: str) -> Axis:
    """An axis of one segment, made of factors of these names, major to minor.

    >>> str(axis("G", "O"))
    '(G O)'
    """
    return Axis((tuple(map(Factor, names)),))


def axes(prefix: str, count: int) -> Operand:
    """`count` axes of one factor each, whose names start with `prefix`.

    >>> " ".join(map(str, axes("A", 3)))
    'A0 A1 A2'
    """
    return tuple(axis(f"{prefix}{index}") for index in range(count))


def joined(parts: Iterable[Axis]) -> Axis:
    """One axis of all these, laid end to end.

    >>> str(joined(axes("S", 2)))
    'S0+S1'
    """
    return Axis(tuple(segment for part in parts for segment in part.segments))


def exchanged(operand: Sequence[Axis], index: int, *by: Axis) -> Operand:
    """The operand with other axes in place of axis `index`.

    >>> " ".join(map(str, exchanged(axes("A", 3), 1, axis("s"))))
    'A0 s A2'
    """
    return (*operand[:index], *by, *operand[index + 1 :])


def right_aligned(operand: Sequence[Axis], shape: Sequence[int]) -> Operand:
    """An operand of this shape that broadcasts to `operand`: its last axes, 1 where the size is one.

    >>> " ".join(map(str, right_aligned(axes("A", 3), (8, 1))))
    'A1 1'
    """
    own = operand[len(operand) - len(shape) :]
    return tuple(one if size > 1 else ONE for one, size in zip(own, shape, strict=True))


def names_of(operand: Iterable[Axis]) -> tuple[str, ...]:
    """The names of all factors that some axes are made of, in their order.

    >>> names_of([axis("G", "O"), axis("k")])
    ('G', 'O', 'k')
    """
    return tuple(name for one in operand for name in one.names)


def _segment_text(segment: tuple[Factor, ...]) -> str:
    text = " ".join(map(str, segment))
    return f"({text})" if len(segment) > 1 else text or "1"


def _operand_text(operand: Pattern | None) -> str:
    return "_" if operand is None else " ".join(map(str, operand))
