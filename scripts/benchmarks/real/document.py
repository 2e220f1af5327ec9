"""The benchmark as Markdown: what was ruined without a word, and every row."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from scripts.benchmarks.real.measure import Row
from scripts.page import table

METHODS = ("reconstruction", "magnitude")
HEADS = (
    "model", "task", "target", "method", "real inputs", "original", "pruned", "said: error", "said: same top-1",
    "warned", "parameters left", "MACs left", "CPU s", "peak MB",
)  # fmt: skip
EVERY = "Every result, with what was said of it and what it took:"
RUINED, SILENT, NEEDLESS = "ruined", "**ruined, not a word**", "good, warned"


def markdown(rows: Sequence[Row], skipped: Mapping[str, str]) -> str:
    """All of it: the date, the summary, the table, and what was left out with the reason."""
    parts = [f"{datetime.now(UTC).date()}", summary(rows), overview(rows), EVERY]
    parts.append(table(HEADS, map(cells, rows), align="lllll" + "r"))
    failed = [f"- {row.job.label}: {row.message}" for row in rows if row.pruned is None]
    parts += ["Nothing written:\n\n" + "\n".join(failed)] if failed else []
    left_out = [f"- {name}: {reason}" for name, reason in skipped.items()]
    parts += ["Left out:\n\n" + "\n".join(left_out)] if left_out else []
    return "\n\n".join(parts)


def overview(rows: Sequence[Row]) -> str:
    """A line for each model: its score by the default method for whatever was asked, magnitude's in brackets."""
    settings = sorted({(row.by != "parameters", row.n_data, row.target, row.by) for row in rows})
    heads = [f"{target:.0%} of {by}{f', {n_data} inputs' if n_data else ''}" for _, n_data, target, by in settings]
    scores = {(row.model, row.by, row.n_data, row.target, row.method): _number(row.pruned, ".1f") for row in rows}
    lines = []
    for model, original in {row.model: row.original for row in rows}.items():
        line = [model, f"{original:.1f}"]
        for _, n_data, target, by in settings:
            own, other = (scores.get((model, by, n_data, target, method), "") for method in METHODS)
            line.append(f"{own} ({other})" if other else own)
        lines.append(line)
    return table(("model", "original", *heads), lines, align="l" + "r" * (len(heads) + 1))


def summary(rows: Sequence[Row]) -> str:
    """How often the tool was silent on a ruin, or warned about a good result, for each method."""
    lines = []
    for method in dict.fromkeys(row.method for row in rows):
        group = [row for row in rows if row.method == method and row.pruned is not None]
        ruined, good = [row for row in group if row.ruined], [row for row in group if row.good]
        silent, needless = sum(not row.warned for row in ruined), sum(row.warned for row in good)
        lines.append(
            f"- {method}: {len(group)} results; {len(ruined)} ruined, {silent} of them without a warning; "
            f"{len(good)} good, {needless} of them with one"
        )
    return "\n".join(lines)


def cells(row: Row) -> list[str]:
    """A row of the table."""
    data = str(row.n_data) if row.n_data else "none"
    what = [row.model, row.metric, f"{row.target:.0%} of {row.by}", row.method, data, f"{row.original:.1f}"]
    said = [_number(row.said_error, ".3g"), _number(row.said_agreement, ".0%"), "yes" if row.warned else "no"]
    sizes = [_number(row.parameters_left, ".2f"), _number(row.macs_left, ".2f")]
    return [*what, verdict(row), *said, *sizes, f"{row.cpu_seconds:.0f}", f"{row.peak_mb:.0f}"]


def verdict(row: Row) -> str:
    """The score of the pruned model, and what is wrong with it or with what was said of it."""
    if row.pruned is None:
        return "nothing written"
    word = (RUINED if row.warned else SILENT) if row.ruined else NEEDLESS if row.good and row.warned else ""
    return f"{row.pruned:.1f} {word}".strip()


def _number(value: float | None, form: str) -> str:
    return "" if value is None else format(value, form)
