"""The measured part of docs/results/fidelity.md, between two markers: tables by share, a chart for each model."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from scripts.benchmarks.fidelity.charts import chart
from scripts.benchmarks.fidelity.measure import METHODS, Row
from scripts.page import put_between, table

HEADS = {
    "reconstruction, 128 samples, taught": "default, 128 samples",
    "reconstruction, taught": "default, no data",
    "reconstruction, 128 samples": "fast, 128 samples",
    "reconstruction, distilled": "fast, no data, distilled",
    "reconstruction": "fast, no data",
}
FAR = 0.01
"""From here on a difference between the share asked for and the share removed is shown."""


def write(rows: Sequence[Row], docs: Path) -> None:
    """Put the tables and charts of `rows` into the page and beside it."""
    parts = [*_tables(rows), *_failures(rows), *_charts(rows, docs / "images")]
    put_between(docs / "fidelity.md", "\n\n".join(parts))


def _tables(rows: Sequence[Row]) -> Iterator[str]:
    """Models by methods, a table for each share."""
    for share in sorted({row.share for row in rows}):
        asked = {(row.model, row.method): row for row in rows if row.share == share}
        methods = [method for method in METHODS if any(found == method for _, found in asked)]
        whole = {row.model: row.score_before for row in asked.values()}
        yield f"### {share:.0%} of the parameters removed"
        yield table(
            ["model", "whole", *(HEADS.get(method, method) for method in methods)],
            [
                [model, f"{100 * score:.1f}", *(_cell(asked.get((model, method))) for method in methods)]
                for model, score in whole.items()
            ],
        )


def _cell(row: Row | None) -> str:
    if row is None:
        return ""
    if row.score is None or row.removed is None:
        return "failed"
    far = f" ({row.removed:.0%} removed)" if abs(row.removed - row.share) > FAR else ""
    return f"{100 * row.score:.1f}{far}"


def _failures(rows: Sequence[Row]) -> list[str]:
    """Why some cells say that a method failed."""
    words: dict[tuple[str, str, str], list[str]] = {}
    for row in rows:
        if row.score is None:
            words.setdefault((row.method, row.model, row.status), []).append(f"{row.share:.0%}")
    if not words:
        return []
    lines = [f"- {method} on {model} at {', '.join(at)}: {why}" for (method, model, why), at in words.items()]
    return ["### What failed", "\n".join(lines)]


def _charts(rows: Sequence[Row], images: Path) -> list[str]:
    """Links to the charts, which are written."""
    order = {method: number for number, method in enumerate(METHODS)}
    links = ["### Accuracy against size"]
    for model in dict.fromkeys(row.model for row in rows):
        own = [row for row in rows if row.model == model and row.score is not None]
        if len({row.share for row in own}) < 2:
            continue
        path = images / f"fidelity-{model}.svg"
        path.write_text(chart(own, own[0].score_before, order))
        links.append(f"**{model}**\n\n![{model}: score against parameters removed]({images.name}/{path.name})")
    return links
