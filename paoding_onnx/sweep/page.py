"""The page of a sweep: for each model a picture of quality against what was removed, and a table of its runs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.resources import files
from itertools import groupby
from urllib.parse import quote

from jinja2 import Environment, StrictUndefined
from markupsafe import Markup

from paoding_onnx.report.charts import Line, line_chart
from paoding_onnx.report.printable import printable
from paoding_onnx.report.words import milliseconds
from paoding_onnx.sweep.table import Row, size_of

LINES = 4
"""A picture has at most this many lines; more could not be told apart."""
_STATUS = {
    1: "a proof failed",
    2: "wrong usage",
    3: "not a usable model",
    4: "target out of reach",
    5: "not written",
    6: "not as good as asked for",
}


@dataclass(frozen=True, slots=True)
class Part:
    """What the page says of one model; without figures the chart is empty."""

    name: str
    measure: str
    chart: Markup
    rows: tuple[tuple[str, ...], ...]
    links: tuple[str, ...]
    best: tuple[bool, ...]


def page(rows: Sequence[Row]) -> str:
    """The page, which needs no network; links lead to the files beside it."""
    parts = [_part(name, list(group)) for name, group in groupby(rows, key=lambda row: row.model)]
    environment = Environment(
        autoescape=True, trim_blocks=True, lstrip_blocks=True, undefined=StrictUndefined, finalize=_shown
    )
    style = files("paoding_onnx.report.html").joinpath("page.css").read_text("utf-8").strip()
    text = files(__package__).joinpath("page.html").read_text("utf-8")
    failed = sum(row.status != 0 for row in rows)
    return environment.from_string(text).render(parts=parts, style=Markup(style), n_runs=len(rows), n_failed=failed)


def _part(name: str, rows: Sequence[Row]) -> Part:
    done = [row for row in rows if row.status == 0]
    measure = done[0].measure if done else ""
    lines = list(_lines(done))[:LINES]
    title = f"{name}: {measure} over the share of {rows[0].by} removed"
    chart = line_chart(lines, title=title, x_label=f"{rows[0].by} removed", is_share=True) if lines else ""
    return Part(
        name=name,
        measure=measure,
        chart=Markup(chart),  # escaped there
        rows=tuple(map(cells_of, rows)),
        links=tuple(quote(row.file) for row in rows),
        best=tuple(row.best for row in rows),
    )


def _lines(rows: Sequence[Row]) -> Iterator[Line]:
    """One line for each way to prune, from what removes least to what removes most.

    An effort is named where a method has several.
    """
    ways = dict.fromkeys((row.method, row.effort) for row in rows)
    for method, effort in ways:
        points = sorted(
            (1 - left, max(row.quality, 0.0))
            for row in rows
            if (row.method, row.effort) == (method, effort)
            and row.quality is not None
            and (left := size_of(row)) is not None
        )
        if points:
            is_one_of_several = sum(way[0] == method for way in ways) > 1
            name = f"{method} {effort}".strip() if is_one_of_several else method
            yield Line(name, tuple(points), f"{points[-1][1]:.1%}")


def cells_of(row: Row) -> tuple[str, ...]:
    """How it was pruned, what is left, what it is worth, how long it took, all in words."""
    ended = row.outlook if row.status == 0 else f"{_STATUS.get(row.status, f'status {row.status}')}: {row.message}"
    known = row.latency_before is not None and row.latency_after is not None
    latency = f"{milliseconds(row.latency_before or 0)} \N{RIGHTWARDS ARROW} {milliseconds(row.latency_after or 0)} ms"
    return (
        f"{row.method} {row.effort}".strip(),
        f"{row.target:.0%}",
        _percent(row.parameters_left),
        _percent(row.macs_left),
        _percent(row.quality),
        latency if known else "",
        ended,
        f"{row.seconds:.0f} s",
    )


def _percent(share: float | None) -> str:
    return "" if share is None else f"{share:.1%}"


def _shown(value: object) -> object:
    """Names of files and messages cannot change the page."""
    return printable(value) if isinstance(value, str) and not isinstance(value, Markup) else value
