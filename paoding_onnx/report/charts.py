"""Charts as SVG text, for the page of a report and for files. Draws; decides nothing.

Colours are set by classes, so that a chart follows the reader's light or dark theme.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from types import MappingProxyType

from paoding_onnx.report.printable import in_markup
from paoding_onnx.selection.curve import SHARES, Sensitivity, columns

SENSITIVITY_BOUNDS = (0.01, 0.1)
"""Sensitivity from which on it is small, and serious; below it is negligible."""
WORDS = ("negligible", "small", "serious")
"""What sensitivity is, in the order of the colours."""
LIGHT = (("#e6eaee", "#1b1f24"), ("#f6be6a", "#1b1f24"), ("#943f0b", "#ffffff"))
DARK = (("#232930", "#e8eaed"), ("#965517", "#ffffff"), ("#ffd595", "#111417"))
"""Colour of a cell and of text on it, from least sensitive to most: one hue that gets darker (on dark, lighter)."""
LEGEND = "how far the outputs move"
_ROW, _CELL, _HEAD, _LEGEND = 25, 20, 64, 42
_LEFT = 34.0
"""Per cent of a heat map's width that names take."""
_NAME, _SHORT_NAME = 44, 17


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a chart: its name, its points from left to right, and its last value in words."""

    name: str
    points: tuple[tuple[float, float], ...]
    last: str


def bar(before: float, after: float, largest: float) -> str:
    """A bar as long as `before`, filled as far as `after`; the longest bar is `largest`.

    >>> bar(4, 1, 8).count("<rect")
    2
    """
    whole, left = (_short(100 * value / largest) if largest else "0" for value in (before, after))
    return (
        '<svg class="bar" viewBox="0 0 100 6" preserveAspectRatio="none" aria-hidden="true">'
        f'<rect class="b" width="{whole}" height="6"/><rect class="a" width="{left}" height="6"/></svg>'
    )


def line_chart(lines: Sequence[Line], *, title: str, x_label: str, is_share: bool, is_over_shares: bool = True) -> str:
    """Lines over the share of units that had been asked for, or over something else unless it `is_over_shares`.

    `is_share` says that values are shares of 1.
    """
    right = max(x for line in lines for x, _ in line.points)
    top = 1.0 if is_share else max((y for line in lines for _, y in line.points), default=0.0) or 1.0
    y_ticks = ticks(top)
    plot = _Plot(right or 1.0, max(top, y_ticks[-1]))
    box = f"0 0 {plot.width(lines)} {_Plot.HEIGHT}"
    parts = [
        f'<svg class="lc" xmlns="http://www.w3.org/2000/svg" viewBox="{box}" role="img" '
        f'aria-label="{in_markup(title)}">',
        *(_y_tick(plot, value, is_share=is_share) for value in y_ticks),
        *(_x_tick(plot, value, is_share=is_over_shares) for value in ticks(plot.right)),
        f'<text class="ax" x="{plot.x(plot.right / 2)}" y="{_Plot.HEIGHT - 4}" text-anchor="middle">'
        f"{in_markup(x_label)}</text>",
    ]
    ends = _spread([plot.y(line.points[-1][1]) for line in lines])
    parts += [_line(plot, line, number, end) for number, (line, end) in enumerate(zip(lines, ends, strict=True))]
    return "".join([*parts, "</svg>"])


def ticks(top: float, most: int = 5) -> list[float]:
    """Round numbers from 0 on, evenly spaced, at most `most` of them above 0 and none above `top`.

    >>> ticks(1.0), ticks(0.3)
    ([0.0, 0.2, 0.4, 0.6, 0.8, 1.0], [0.0, 0.1, 0.2, 0.3])
    """
    power = 10.0 ** math.floor(math.log10(top / most))
    step = next(power * factor for factor in (1, 2, 5, 10, 20) if top / (power * factor) <= most + 1e-9)
    return [round(step * k, 12) for k in range(math.floor(top / step + 1e-9) + 1)]


def heat_map(
    sensitivities: Sequence[Sensitivity], lost: Mapping[str, float] = MappingProxyType({}), *, has_legend: bool = True
) -> str:
    """An SVG text with a row for each group and a cell for each share of its units at which sensitivity was measured.

    The colour says whether that is negligible, small or serious, a cell under the pointer tells the number. It is as
    wide as what holds it, 1000 pixels on its own. A bar below a row shows what share of the group's units was removed,
    for groups named in `lost`.
    """
    top = _HEAD if has_legend else _HEAD - _LEGEND
    height = top + _ROW * len(sensitivities)
    parts = [
        f'<svg class="hm" xmlns="http://www.w3.org/2000/svg" width="1000" height="{height}" role="group" '
        f'aria-label="Sensitivity by group and share of units removed">{_STYLE}',
        *(_legend() if has_legend else ()),
        f'<text class="hm-s" y="{top - 7}">% of units removed</text>',
        *(
            f'<text class="hm-s hm-m" x="{_short(_left(column) + _WIDTH / 2)}%" y="{top - 7}">{share * 100:.3g}</text>'
            for column, share in enumerate(SHARES)
        ),
    ]
    for row, sensitivity in enumerate(sensitivities):
        parts += _sensitivity_row(sensitivity, top + _ROW * row, lost.get(sensitivity.group))
    return "".join([*parts, "</svg>\n"])


def on_white(chart: str) -> str:
    """A line chart or heat map in light colours on white, for places whose theme is not known, such as notebooks.

    >>> on_white(heat_map([])).count("prefers-color-scheme")
    0
    """
    head, _, rest = chart.replace(_STYLE, "").partition(">")
    size = "" if " width=" in head else f' width="{1.6 * _Plot.WIDTH:.0f}" height="{1.6 * _Plot.HEIGHT:.0f}"'
    return f'{head}{size}>{_WHITE}<rect class="white" width="100%" height="100%"/>{rest}'


def percent(share: float) -> str:
    """A share as percent, in at most four characters.

    >>> [percent(share) for share in (0, 0.0001, 0.0123, 0.51, 3, 70)]
    ['0', '<0.1', '1.2', '51', '300', '>999']
    """
    value = 100 * share
    if not math.isfinite(value) or value > 999:
        return ">999"
    if value < 0.1:
        return "<0.1" if value > 0 else "0"
    return f"{value:.1f}" if value < 9.95 else f"{value:.0f}"


def shortened(text: str, length: int) -> str:
    """The text, its middle left out if it is longer than `length`.

    >>> shortened("/encoder/layer.0/query", 12)
    '/enco…/query'
    """
    if len(text) <= length:
        return text
    end = length // 2
    return f"{text[: length - end - 1]}…{text[-end:]}"


def _sensitivity_row(sensitivity: Sensitivity, y: int, lost: float | None) -> Iterator[str]:
    long, short = (in_markup(shortened(sensitivity.group, length)) for length in (_NAME, _SHORT_NAME))
    yield f"<g><title>{in_markup(shortened(sensitivity.group, 200))}</title>"
    yield f'<text class="hm-n hm-w" y="{y + 14}">{long}</text>'
    yield f'<text class="hm-n hm-p" aria-hidden="true" y="{y + 14}">{short}</text></g>'
    for column, value in zip(columns(sensitivity), sensitivity.values, strict=True):
        x, level = _left(column), sum(value >= bound for bound in SENSITIVITY_BOUNDS)
        word = in_markup(f"{WORDS[level]}: {percent(value)} %")
        size = f'x="{_short(x)}%" y="{y}" width="{_short(_WIDTH - 0.3)}%" height="{_CELL}"'
        yield f'<rect class="hm{level}" {size}><title>{word}</title></rect>'
    if lost:
        width = (min(max(lost, SHARES[0] / 2), 1.0 - SHARES[0] / 2) - SHARES[0] / 2) * (len(SHARES) + 1) * _WIDTH
        yield f'<rect class="hm-b" x="{_LEFT}%" y="{y + _CELL}" width="{_short(max(width, 0.5))}%" height="3"/>'


_WIDTH = (100 - _LEFT) / len(SHARES)


def _left(column: int) -> float:
    return _LEFT + column * _WIDTH


def _legend() -> Iterator[str]:
    """What the colours mean, in the order of sensitivity."""
    yield f'<text class="hm-s" y="11">{LEGEND}</text>'
    words = [f"{word} {span}" for word, span in zip(WORDS, _spans(), strict=True)]
    width = 100 / len(words)
    for level, word in enumerate(words):
        x = _short(level * width)
        yield f'<rect class="hm{level}" x="{x}%" y="18" width="{_short(width - 0.3)}%" height="16"/>'
        yield f'<text class="hm-m hm{level}t" x="{_short((level + 0.5) * width)}%" y="30">{in_markup(word)}</text>'


def _spans() -> tuple[str, ...]:
    """From where to where each word goes, in per cent."""
    low, high = (f"{100 * bound:.3g}" for bound in SENSITIVITY_BOUNDS)
    return f"<{low}%", f"{low}-{high}%", f">{high}%"


def _classes(colours: Sequence[tuple[str, str]], ink: str, soft: str, mark: str) -> str:
    cells = "".join(f".hm{k}{{fill:{cell}}}.hm{k}t{{fill:{text}}}" for k, (cell, text) in enumerate(colours))
    return f".hm-n{{fill:{ink}}}.hm-s{{fill:{soft}}}.hm-b{{fill:{mark}}}{cells}"


_LETTERS = (
    ".hm{font:11.5px ui-sans-serif,system-ui,sans-serif;font-variant-numeric:tabular-nums}"
    ".hm-m{text-anchor:middle}.hm-p{display:none}"
)
_DAY = _classes(LIGHT, "#1b1f24", "#57606a", "#1f6fb5")
_STYLE = (
    f"<style>{_LETTERS}.hm:root{{color-scheme:light dark;padding:16px}}{_DAY}"
    f"@media screen and (prefers-color-scheme:dark){{{_classes(DARK, '#e8eaed', '#a3adb8', '#5ba7e8')}}}"
    "@media screen and (max-width:980px){.hm-w{display:none}.hm-p{display:inline}}"
    "@media screen and (max-width:720px){.hm{font-size:10px}}</style>"
)
_LINES = ("#1f6fb5", "#b84d0a", "#1a7a4c")
"""Colours of the lines of a chart on white."""
_WHITE = (
    f"<style>.white{{fill:#fff}}{_LETTERS}{_DAY}"
    ".lc{font:11.5px ui-sans-serif,system-ui,sans-serif}.lc .grid{stroke:#e0e4e9}.lc .ax{fill:#57606a;font-size:11px}"
    ".lc polyline{fill:none;stroke-width:2;stroke-linejoin:round}.lc .v{font-weight:600}"
    + "".join(f".lc .l{k}{{fill:{line}}}.lc .l{k} polyline{{stroke:{line}}}" for k, line in enumerate(_LINES))
    + "</style>"
)


class _Plot:
    """Where values lie on a chart whose axes end at `right` and `top`."""

    WIDTH, HEIGHT = 360, 226
    _LEFT, _RIGHT, _TOP, _BOTTOM = 42, 248, 10, 182
    _LETTER = 5.9

    def __init__(self, right: float, top: float) -> None:
        self.right, self.top = right, top

    def x(self, value: float) -> float:
        """Pixels from the left."""
        return round(self._LEFT + value / self.right * (self._RIGHT - self._LEFT), 1)

    def width(self, lines: Sequence[Line]) -> int:
        """Pixels in all: the usual ones, or as many as the longest text at the end of a line takes."""
        ends = (self.x(line.points[-1][0]) + 9 + self._LETTER * len(f"{line.name} {line.last}") for line in lines)
        return max(self.WIDTH, *map(math.ceil, ends))

    def y(self, value: float) -> float:
        """Pixels from above."""
        return round(self._BOTTOM - min(value / self.top, 1.0) * (self._BOTTOM - self._TOP), 1)


def _y_tick(plot: _Plot, value: float, *, is_share: bool) -> str:
    y, word = plot.y(value), _word(value, is_share=is_share)
    return (
        f'<line class="grid" x1="{plot.x(0)}" x2="{plot.x(plot.right)}" y1="{y}" y2="{y}"/>'
        f'<text class="ax" x="{plot.x(0) - 6}" y="{y + 4:.1f}" text-anchor="end">{word}</text>'
    )


def _x_tick(plot: _Plot, value: float, *, is_share: bool) -> str:
    x, y, word = plot.x(value), plot.y(0), _word(value, is_share=is_share)
    return f'<text class="ax" x="{x}" y="{y + 16:.1f}" text-anchor="middle">{word}</text>'


def _word(value: float, *, is_share: bool) -> str:
    return f"{value * 100:.3g}%" if is_share else f"{value:.3g}"


def _line(plot: _Plot, line: Line, number: int, end: float) -> str:
    points = [(plot.x(x), plot.y(y)) for x, y in line.points]
    path = " ".join(f"{x},{y}" for x, y in points)
    mark = "".join(_mark(x, y, number) for x, y in points)
    return (
        f'<g class="l{number}"><polyline points="{path}"/>{mark}'
        f'<text x="{points[-1][0] + 9:.1f}" y="{end + 4:.1f}"><tspan>{in_markup(line.name)}</tspan> '
        f'<tspan class="v">{in_markup(line.last)}</tspan></text></g>'
    )


def _mark(x: float, y: float, number: int) -> str:
    """Circles for the first line, squares for the second: colour is not all that tells them apart."""
    if number % 2 == 0:
        return f'<circle cx="{x}" cy="{y}" r="2.6"/>'
    return f'<rect x="{x - 2.4:.1f}" y="{y - 2.4:.1f}" width="4.8" height="4.8"/>'


def _spread(heights: Sequence[float], apart: float = 14.0) -> list[float]:
    """The heights, those of neighbours moved so far that texts there do not overlap."""
    order = sorted(range(len(heights)), key=lambda k: heights[k])
    placed = list(heights)
    for above, below in pairwise(order):
        placed[below] = max(placed[below], placed[above] + apart)
    return placed


def _short(value: float) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".")
