"""The notation of axis equations: what an operator does to the axes of its tensors. Knows no ONNX.

    n (G I) *s, (G O) I *k, (G O) -> n (G O) *t

lower case: a factor that never shrinks. Capital: one that may. ``~C``: may shrink, but the operator mixes along it.
``(G I)``: one axis of several factors, major to minor. ``A+B``: one axis of segments laid end to end.
``*s``: any number of axes. ``1``: an axis of size one. ``_``: an operand without axes of its own.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

Shape = tuple[int, ...]
Segment = tuple[str, ...]
"""Factors of one segment, major to minor; the empty segment has size one."""
Axis = tuple[Segment, ...]
"""Segments laid end to end; most axes have one."""
Operand = tuple[Axis, ...]

_NAME = r"~?[A-Za-z][A-Za-z0-9]*"
_AXIS = re.compile(rf"\*{_NAME}|[^\s()+]+(?:\+[^\s()+]+)*|\([^()]*\)")
_SEGMENT = re.compile(rf"{_NAME}|1")


class AxesError(ValueError):
    """An equation that cannot be read, or that does not fit the shapes it is given."""


@dataclass(frozen=True, slots=True)
class Equation:
    """A parsed equation; an operand is `None` where the text says ``_``."""

    text: str
    inputs: tuple[tuple[Axis | str, ...] | None, ...]
    outputs: tuple[tuple[Axis | str, ...] | None, ...]
    mixed: frozenset[str]


@dataclass(frozen=True, slots=True)
class Binding:
    """An equation fitted to shapes: stars expanded, the size of every factor known."""

    inputs: tuple[Operand | None, ...]
    outputs: tuple[Operand | None, ...]
    sizes: Mapping[str, int]
    mixed: frozenset[str]


def is_fixed(factor: str) -> bool:
    """Whether a factor never shrinks.

    >>> is_fixed("n"), is_fixed("C")
    (True, False)
    """
    return factor[0].islower()


@lru_cache(maxsize=4096)
def parse(text: str) -> Equation:
    """The equation that `text` spells.

    >>> parse("m K, K N -> m N").outputs
    (((('m',),), (('N',),)),)

    Raises:
        AxesError: if the text has no arrow or a word that is no axis.
    """
    left, arrow, right = text.partition("->")
    if not arrow:
        raise AxesError(f"equation {text!r} has no '->'")
    mixed = frozenset(re.findall(r"~([A-Za-z][A-Za-z0-9]*)", text))
    return Equation(text, _operands(left), _operands(right), mixed)


def bind(
    equation: Equation,
    inputs: Sequence[Shape | None],
    outputs: Sequence[Shape | None],
    sizes: Mapping[str, int] | None = None,
) -> Binding:
    """The equation with stars expanded and all factor sizes solved; an absent operand has shape `None`.

    >>> bind(parse("n (g I) -> n g I"), [(2, 12)], [(2, 3, 4)]).sizes["I"]
    4

    Raises:
        AxesError: if ranks or sizes contradict the equation or leave a factor unknown.
    """
    pairs = [*_pair(equation, equation.inputs, inputs), *_pair(equation, equation.outputs, outputs)]
    stars = _star_lengths(equation, pairs)
    expanded = [_expand(operand, stars) if shape is not None else None for operand, shape in pairs]
    axes = [
        (axis, size)
        for operand, (_, shape) in zip(expanded, pairs, strict=True)
        if operand is not None and shape is not None
        for axis, size in zip(operand, shape, strict=True)
    ]
    mixed = {name for star in equation.mixed for name in _star_names(star, stars)} | equation.mixed
    solved = _solve(equation, axes, sizes or {})
    return Binding(tuple(expanded[: len(inputs)]), tuple(expanded[len(inputs) :]), solved, frozenset(mixed))


def factors(operand: Operand | None) -> frozenset[str]:
    """All factors that an operand is made of."""
    return frozenset(name for axis in operand or () for segment in axis for name in segment)


def size_of(axis: Axis, sizes: Mapping[str, int]) -> int:
    """Size of an axis: the sum over its segments of the products of their factors.

    >>> size_of((("A", "B"), ("C",)), {"A": 2, "B": 3, "C": 4})
    10
    """
    return sum(math.prod(sizes[name] for name in segment) for segment in axis)


def parse_axis(text: str) -> Axis:
    """The one axis that `text` spells.

    >>> parse_axis("(G O)"), parse_axis("A+B")
    ((('G', 'O'),), (('A',), ('B',)))
    """
    if text.startswith("("):
        return (tuple(_name(word) for word in text.strip("()").split()),)
    return tuple(() if word == "1" else (_name(word),) for word in text.split("+"))


def _name(word: str) -> str:
    if not _SEGMENT.fullmatch(word):
        raise AxesError(f"{word!r} is not the name of a factor")
    return word.removeprefix("~")


def _operands(text: str) -> tuple[tuple[Axis | str, ...] | None, ...]:
    return tuple(_operand(part) for part in text.split(","))


def _operand(text: str) -> tuple[Axis | str, ...] | None:
    if text.strip() == "_":
        return None
    words = _AXIS.findall(text)
    if _AXIS.sub("", text).strip() or "()" in text.replace(" ", ""):
        raise AxesError(f"{text.strip()!r} is no list of axes")
    return tuple(word.replace("~", "") if word.startswith("*") else parse_axis(word) for word in words)


def _pair(
    equation: Equation, operands: Sequence[tuple[Axis | str, ...] | None], shapes: Sequence[Shape | None]
) -> list[tuple[tuple[Axis | str, ...] | None, Shape | None]]:
    """Operands beside their shapes; an operand that is ``_`` loses its shape, one too few is an error."""
    if any(shape is not None for shape in shapes[len(operands) :]):
        raise AxesError(f"{equation.text!r} has {len(operands)} operands on a side, the node {len(shapes)}")
    padded = [*operands, *[None] * (len(shapes) - len(operands))]
    return [(o, s if o is not None else None) for o, s in zip(padded, shapes, strict=False)]


def _star_lengths(
    equation: Equation, pairs: Iterable[tuple[tuple[Axis | str, ...] | None, Shape | None]]
) -> dict[str, int]:
    lengths: dict[str, int] = {}
    for operand, shape in pairs:
        if operand is None or shape is None:
            continue
        stars = [axis for axis in operand if isinstance(axis, str)]
        unknown = [star for star in stars if star not in lengths]
        rest = len(shape) - len(operand) + len(stars) - sum(lengths[s] for s in stars if s in lengths)
        if len(unknown) > 1 or rest < 0 or (not unknown and rest):
            raise AxesError(f"{equation.text!r} does not fit an operand of rank {len(shape)}")
        lengths.update(dict.fromkeys(unknown, rest))
    return lengths


def _star_names(star: str, lengths: Mapping[str, int]) -> list[str]:
    return [f"{star}{index}" for index in range(lengths.get(f"*{star}", 0))]


def _expand(operand: tuple[Axis | str, ...] | None, stars: Mapping[str, int]) -> Operand | None:
    if operand is None:
        return None
    parts: list[Axis] = []
    for axis in operand:
        if isinstance(axis, str):
            parts.extend(((name,),) for name in _star_names(axis[1:], stars))
        else:
            parts.append(axis)
    return tuple(parts)


def _solve(equation: Equation, axes: Sequence[tuple[Axis, int]], given: Mapping[str, int]) -> dict[str, int]:
    """Sizes of all factors: each axis with one unknown factor gives it away, until nothing is unknown."""
    sizes = dict(given)
    open_axes = list(axes)
    while open_axes:
        waiting = [(axis, size) for axis, size in open_axes if not _settle(equation, axis, size, sizes)]
        if len(waiting) == len(open_axes):
            raise AxesError(f"{equation.text!r} leaves the sizes of {waiting[0][0]} open")
        open_axes = waiting
    return sizes


def _settle(equation: Equation, axis: Axis, size: int, sizes: dict[str, int]) -> bool:
    """Whether the axis is fully known now; fills in its last unknown factor, raises if the sizes contradict."""
    unknown = [name for segment in axis for name in segment if name not in sizes]
    if len(unknown) > 1:
        return False
    if unknown:
        segment = next(s for s in axis if unknown[0] in s)
        others = sum(math.prod(sizes[n] for n in s) for s in axis if s is not segment)
        per_index = math.prod(sizes[n] for n in segment if n != unknown[0])
        sizes[unknown[0]] = (size - others) // per_index if per_index else 0
    if size_of(axis, sizes) != size or any(sizes[name] < 0 for segment in axis for name in segment):
        raise AxesError(f"{equation.text!r} gives an axis of {size_of(axis, sizes)}, the tensor has {size}")
    return True
