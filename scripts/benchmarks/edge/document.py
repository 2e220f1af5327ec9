"""The measured part of docs/results/edge.md."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from scripts.benchmarks.page import table

SLOWER = 1.05
"""A format is called slower from this ratio on; less is noise."""


@dataclass(frozen=True, slots=True)
class Row:
    """One file: a network, original or pruned, in one format.

    `latency` is the ratio to the float32 file of the original, `own_latency` to that of the same network.
    """

    network: str
    parameters_left: float
    format: str
    accuracy: float
    n_bytes: int
    latency: float
    own_latency: float


def markdown(rows: Sequence[Row]) -> str:
    """A table of all rows."""
    heads = ("network", "parameters left", "format", "accuracy", "file, kB", "latency to original float32")
    return table([*heads, "to own float32"], [_cells(row) for row in rows], align="l")


def summary(rows: Sequence[Row], format: str) -> str:
    """A list with a sentence for each network: what its most pruned file in that format gains and costs."""
    lines = []
    for network in dict.fromkeys(row.network for row in rows):
        own = [row for row in rows if row.network == network]
        first, best = own[0], min((row for row in own if row.format == format), key=lambda row: row.n_bytes)
        lines.append(
            f"- `{network}` with {best.parameters_left:.0%} of its parameters, as {format}: "
            f"{best.n_bytes / first.n_bytes:.0%} of the file, {best.latency:.2f} of the time, "
            f"accuracy {first.accuracy:.1%} -> {best.accuracy:.1%}."
        )
    return "\n".join(lines)


def _cells(row: Row) -> tuple[str, ...]:
    """The line of a file."""
    return (
        row.network,
        f"{row.parameters_left:.0%}",
        row.format,
        f"{row.accuracy:.1%}",
        f"{row.n_bytes / 1000:,.0f}",
        *(f"x {ratio:.2f}{' **slower**' * (round(ratio, 2) >= SLOWER)}" for ratio in (row.latency, row.own_latency)),
    )
