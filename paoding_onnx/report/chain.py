"""The chain of a model's groups as SVG: how wide each one was and is, from the input to the output. Draws only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from paoding_onnx.report.charts import shortened
from paoding_onnx.report.printable import in_markup

HEIGHT = 96
_LEAST = 2.0
"""Pixels of the smallest width, so that it is seen."""
_GAP = 0.22
"""The share of a place that stays free beside its neighbour."""
_NAME = 80


@dataclass(frozen=True, slots=True)
class Link:
    """A group in the chain: its name, and how many units it had and has."""

    name: str
    before: int
    after: int


def chain(links: Sequence[Link]) -> str:
    """A column for each group in the order of the model, as high as it was wide, filled as far as it is now.

    Heights go with the square root of widths, so that narrow groups are seen beside wide ones.

    >>> chain([Link("conv", 16, 4)]).count("<rect")
    2
    """
    if not links:
        return ""
    largest = max(link.before for link in links)
    place = 1000 / len(links)
    columns = "".join(_column(link, number * place, place, largest) for number, link in enumerate(links))
    return (
        f'<svg class="chain" xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1000 {HEIGHT}" preserveAspectRatio="none" '
        f'role="img" aria-label="Units of each group before and after, in the order of the model">{columns}</svg>'
    )


def _column(link: Link, left: float, place: float, largest: int) -> str:
    title = in_markup(f"{shortened(link.name, _NAME)}: {link.before:,} → {link.after:,}")
    whole, kept = (_bar(units, kind, left, place, largest) for units, kind in ((link.before, "b"), (link.after, "a")))
    return f"<g><title>{title}</title>{whole}{kept}</g>"


def _bar(units: int, kind: str, left: float, place: float, largest: int) -> str:
    height = max(HEIGHT * (units / largest) ** 0.5, _LEAST)
    x, width = left + place * _GAP / 2, place * (1 - _GAP)
    box = f'x="{x:.2f}" y="{HEIGHT - height:.1f}" width="{width:.2f}" height="{height:.1f}"'
    return f'<rect class="{kind}" {box} rx="1.5"/>'
