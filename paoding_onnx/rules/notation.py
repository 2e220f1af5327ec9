"""The notation of axis equations, for rules whose equation reads well as text. Reads text into values; knows no ONNX.

    n (G I) *s, (G O) I *k, (G O) -> n (G O) *t

lower case: a factor that never shrinks. Capital: one that may. ``~C``: may shrink, but the operator mixes along it.
``(G I)``: one axis of several factors, major to minor. ``A+B``: one axis of segments laid end to end.
``*s``: any number of axes. ``1``: an axis of size one. ``_``: an operand without axes of its own.
``{x}``, also inside parentheses: what is given to `parse` under this name.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain

from paoding_onnx.rules.equation import AxesError, Axis, Equation, Factor, Pattern, Star

_NAME = r"~?[A-Za-z][A-Za-z0-9]*"
_WORD = re.compile(rf"\*{_NAME}|\{{\w+\}}|[^\s()+{{}}]+(?:\+[^\s()+{{}}]+)*|\([^\s()][^()]*\)")
_FACTOR = re.compile(_NAME)


def parse(text: str, **given: Axis | Sequence[Axis | Star] | None) -> Equation:
    """The equation that `text` spells; ``{x}`` in it stands for the axis, or the axes, `given` as x.

    An operand that is ``{x}`` alone has no axes of its own if `None` is given.

    >>> str(parse("m K, {b} -> m N", b=Axis(((Factor("N"), Factor("K")),))))
    'm K, (N K) -> m N'

    Raises:
        AxesError: if the text has no arrow or a word that is not an axis.
    """
    left, right = _template(text)
    return Equation(tuple(_filled(o, given) for o in left), tuple(_filled(o, given) for o in right))


@dataclass(frozen=True, slots=True)
class _Hole:
    """What stands in an equation for axes that are given to `parse`."""

    name: str


@dataclass(frozen=True, slots=True)
class _Product:
    """One axis of several factors, of which some are given to `parse`."""

    parts: tuple[Factor | _Hole, ...]


_Given = Mapping[str, Axis | Sequence[Axis | Star] | None]
_Template = tuple[Axis | Star | _Hole | _Product, ...]


@lru_cache(maxsize=1024)
def _template(text: str) -> tuple[tuple[_Template | None, ...], tuple[_Template | None, ...]]:
    left, arrow, right = text.partition("->")
    if not arrow:
        raise AxesError(f"equation {text!r} has no '->'")
    return tuple(map(_read_operand, left.split(","))), tuple(map(_read_operand, right.split(",")))


def _read_operand(text: str) -> _Template | None:
    if text.strip() == "_":
        return None
    if _WORD.sub("", text).strip():
        raise AxesError(f"{text.strip()!r} is not a list of axes")
    return tuple(map(_read, _WORD.findall(text)))


def _read(word: str) -> Axis | Star | _Hole | _Product:
    if word.startswith("*"):
        return Star(_factor(word[1:]))
    if word.startswith("{"):
        return _Hole(word[1:-1])
    if word.startswith("("):
        return _Product(tuple(_Hole(part[1:-1]) if part[0] == "{" else _factor(part) for part in word[1:-1].split()))
    return Axis(tuple(() if part == "1" else (_factor(part),) for part in word.split("+")))


def _factor(word: str) -> Factor:
    if not _FACTOR.fullmatch(word):
        raise AxesError(f"{word!r} is not the name of a factor")
    return Factor(word.removeprefix("~"), word.startswith("~"))


def _filled(template: _Template | None, given: _Given) -> Pattern | None:
    if template is None:
        return None
    values = [given[part.name] if isinstance(part, _Hole) else part for part in template]
    if values == [None]:
        return None
    found: list[Axis | Star] = []
    for value in values:
        if isinstance(value, _Product):
            factors = (_factors(given[p.name]) if isinstance(p, _Hole) else (p,) for p in value.parts)
            value = Axis((tuple(chain.from_iterable(factors)),))
        found += (value,) if isinstance(value, Axis | Star) else value or ()
    return tuple(found)


def _factors(value: Axis | Sequence[Axis | Star] | None) -> tuple[Factor, ...]:
    return value.factors if isinstance(value, Axis) else ()
