"""What a model keeps against how large it is, as an SVG chart: the original, what was tried, what was chosen."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from paoding_onnx.report.charts import ticks
from paoding_onnx.report.printable import in_markup

WIDTH, HEIGHT = 640, 260
_LEFT, _RIGHT, _TOP, _BOTTOM = 52, 612, 16, 212
_MARGIN = 0.12
"""The share of the range of values that stays free above and below them."""
_LEAST_RANGE = 0.02
"""Values that differ by less are not drawn as if they differed by much."""


@dataclass(frozen=True, slots=True)
class Tried:
    """A smaller model: the share of the parameters that is left, what it keeps (a share), whether it was chosen."""

    left: float
    kept: float
    is_chosen: bool = False


def trade_chart(tried: Sequence[Tried], *, whole: float, title: str) -> str:
    """What is kept over the share of the parameters that is left; `whole` is what the original has, a dashed line.

    Axes end where the values do.
    """
    values = [whole, *(one.kept for one in tried)]
    low, high = _range(values)
    smallest = min(one.left for one in tried)

    def x(left: float) -> float:
        """Pixels from the left: the whole model is there, smaller ones go to the right."""
        return round(_LEFT + (1 - left) / max(1 - smallest, 1e-9) * (_RIGHT - _LEFT), 1)

    def y(value: float) -> float:
        """Pixels from above."""
        return round(_BOTTOM - (value - low) / (high - low) * (_BOTTOM - _TOP), 1)

    ordered = sorted(tried, key=lambda one: -one.left)
    path = " ".join(f"{x(left)},{y(kept)}" for left, kept in [(1.0, whole), *((o.left, o.kept) for o in ordered)])
    parts = [
        f'<svg class="lc trade" xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" '
        f'aria-label="{in_markup(title)}">',
        *(_level(y(value), f"{value:.3g}") for value in _levels(low, high)),
        *(_size(x(left), f"{left:.0%}") for left in _sizes(smallest)),
        f'<line class="whole" x1="{_LEFT}" x2="{_RIGHT}" y1="{y(whole)}" y2="{y(whole)}"/>',
        f'<text class="ax" x="{_RIGHT}" y="{y(whole) - 5}" text-anchor="end">original {whole:.3f}</text>',
        f'<g class="l0"><polyline points="{path}"/>',
        *(_mark(x(one.left), y(one.kept), one) for one in ordered),
        f'</g><text class="ax" x="{(_LEFT + _RIGHT) / 2}" y="{HEIGHT - 6}" text-anchor="middle">parameters left</text>',
    ]
    return "".join([*parts, "</svg>"])


def _range(values: Sequence[float]) -> tuple[float, float]:
    """The ends of the axis for these values."""
    low, high = min(values), max(values)
    room = max(high - low, _LEAST_RANGE)
    middle = (low + high) / 2
    return middle - room * (0.5 + _MARGIN), middle + room * (0.5 + _MARGIN)


def _levels(low: float, high: float) -> list[float]:
    step = ticks(high - low)[1]
    return [round(step * k, 12) for k in range(math.ceil(low / step), math.floor(high / step) + 1)]


def _sizes(smallest: float) -> list[float]:
    return [1 - gone for gone in ticks(max(1 - smallest, 1e-6))]


def _level(y: float, word: str) -> str:
    return (
        f'<line class="grid" x1="{_LEFT}" x2="{_RIGHT}" y1="{y}" y2="{y}"/>'
        f'<text class="ax" x="{_LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{word}</text>'
    )


def _size(x: float, word: str) -> str:
    return f'<text class="ax" x="{x}" y="{_BOTTOM + 18}" text-anchor="middle">{word}</text>'


def _mark(x: float, y: float, one: Tried) -> str:
    title = f"<title>{one.left:.1%} of the parameters left: {one.kept:.3f}</title>"
    if not one.is_chosen:
        return f'<circle cx="{x}" cy="{y}" r="3">{title}</circle>'
    place = f'x="{x - 11}" text-anchor="end"' if x > (_LEFT + _RIGHT) / 2 else f'x="{x + 11}"'
    return (
        f'<circle class="ring" cx="{x}" cy="{y}" r="8"/><circle cx="{x}" cy="{y}" r="4">{title}</circle>'
        f'<text class="v" {place} y="{y + 16}">chosen {one.kept:.3f}</text>'
    )
