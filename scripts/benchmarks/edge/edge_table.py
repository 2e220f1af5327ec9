"""The measurements as Markdown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

BEGIN, END = "<!-- edge table -->", "<!-- end -->"
SLOWER = 1.05
"""A format is called slower from this ratio on; less is noise."""
_HEADER = """| network | parameters left | format | accuracy | file, kB | latency to original float32 | to own float32 |
|---|---|---|---|---|---|---|"""


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
    return "\n".join([_HEADER, *map(_line, rows)])


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


def put_between(document: Path, text: str) -> None:
    """Replace what stands between the markers of `document`.

    Raises:
        ValueError: if it does not have both markers, once and in order.
    """
    before, begin, rest = document.read_text().partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"{document} has no {BEGIN} with {END} behind it")
    document.write_text(f"{before}{BEGIN}\n{text}\n{END}{after}")


def _line(row: Row) -> str:
    return (
        f"| {row.network} | {row.parameters_left:.0%} | {row.format} | {row.accuracy:.1%} | {row.n_bytes / 1000:,.0f} "
        f"| x {row.latency:.2f}{_verdict(row.latency)} | x {row.own_latency:.2f}{_verdict(row.own_latency)} |"
    )


def _verdict(ratio: float) -> str:
    return " **slower**" if round(ratio, 2) >= SLOWER else ""
