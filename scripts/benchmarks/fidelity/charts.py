"""Charts of accuracy against parameters removed, as SVG files that follow the reader's light or dark theme."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from paoding_onnx.report.charts import Line, line_chart
from scripts.benchmarks.fidelity.measure import Row

NAMES = {
    "reconstruction, 128 samples, taught": "taught, 128",
    "reconstruction, taught": "taught",
    "reconstruction, 128 samples": "fast, 128",
    "reconstruction, distilled": "distilled",
    "reconstruction": "fast",
    "Torch-Pruning L1": "Torch-Pr. L1",
    "Torch-Pruning L2": "Torch-Pr. L2",
}
"""Short names of methods, where the name itself is too long for a chart."""
_LIGHT = ("#14213d", "#c2185b", "#0b6e4f", "#1f6fb5", "#b9570f", "#8a4fbf", "#6b7280", "#b3261e", "#7a6a00", "#00747a")
_DARK = ("#e6edf7", "#f48fb1", "#4fd1a5", "#6db3f2", "#f0a35e", "#c79bf2", "#aab2bd", "#ff8a80", "#d9c84a", "#5fd0d6")
_BASE = (
    "svg{background:#fff;font:11px ui-sans-serif,system-ui,sans-serif}.ax{fill:#57606a}.grid{stroke:#d9dee3}"
    "polyline{fill:none;stroke-width:1.8}.v{font-weight:600}"
)
_NIGHT = "svg{background:#14181d}.ax{fill:#a3adb8}.grid{stroke:#333b44}"


def chart(rows: Sequence[Row], whole: float, order: Mapping[str, int]) -> str:
    """The SVG text of one model: a line for each method, from the whole model, whose score is `whole`, on.

    `order` numbers the methods, so that each has the same colour in all charts.
    """
    methods = [method for method in order if any(row.method == method for row in rows)]
    lines = [_line([row for row in rows if row.method == method], whole) for method in methods]
    title = f"{rows[0].model}: score on test samples against parameters removed"
    svg = line_chart(lines, title=title, x_label="parameters removed", is_share=True)
    return _styled(svg, [order[method] for method in methods])


def gain_chart(points: Mapping[str, Sequence[tuple[float, float]]], title: str) -> str:
    """The SVG text of what is gained, in points, over the processor seconds that it takes: a line for each name."""
    lines = [Line(name, tuple(own), f"+{own[-1][1]:.1f}") for name, own in points.items()]
    svg = line_chart(lines, title=title, x_label="processor seconds", is_share=False, is_over_shares=False)
    return _styled(svg, range(len(lines)))


def _line(rows: Sequence[Row], whole: float) -> Line:
    points = sorted((row.removed or 0.0, row.score or 0.0) for row in rows)
    name = NAMES.get(rows[0].method, rows[0].method)
    return Line(name, ((0.0, whole), *points), f"{100 * points[-1][1]:.1f}")


def _styled(svg: str, numbers: Sequence[int]) -> str:
    """A chart as a file, in its size and in the colours with these numbers."""
    svg = svg.replace('viewBox="0 0 360 226"', 'width="560" height="350" viewBox="-8 0 376 235"', 1)
    head, _, rest = svg.partition(">")
    return f"{head}>{_style(numbers)}{rest}\n"


def _style(numbers: Sequence[int]) -> str:
    night = f"@media (prefers-color-scheme:dark){{{_NIGHT}{_colours(numbers, _DARK)}}}"
    return f"<style>{_BASE}{_colours(numbers, _LIGHT)}{night}</style>"


def _colours(numbers: Sequence[int], palette: Sequence[str]) -> str:
    return "".join(
        f".l{place} *{{fill:{palette[number]}}}.l{place} polyline{{fill:none;stroke:{palette[number]}}}"
        for place, number in enumerate(numbers)
    )
