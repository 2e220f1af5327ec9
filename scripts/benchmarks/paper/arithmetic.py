"""The paper's figures of size counted again: how many units its program really removes, and of which layers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from scripts.benchmarks.paper.claims import HALF, QUARTER, courses
from scripts.benchmarks.paper.measure import CONVOLUTIONS_ALONE, SUBJECTS, Row
from scripts.page import table

FRAUD = (
    (QUARTER, "49.4 %", "11 steps of 2 units (2.5 % of 64, rounded up): 22 of 64", 22),
    (HALF, "78.1 %", "20 steps of 2 units: 40 of 64", 40),
)
"""Share of the units that the paper names for #1, parameters gone, how its program counts, and units of each layer."""
IMAGES = ((QUARTER, "36.5 %"), (HALF, "63.9 %"))
"""The same of #3 and #4, where it removes that share of the channels of each convolution, and no dense unit."""


def sizes(rows: Sequence[Row]) -> str:
    """The figures of the paper, the removals that give them, and what an exact count gives."""
    heads = ("model", 'the paper\'s "share"', "parameters gone, paper", "what its program removes", "counted here")
    return table([*heads, "gone at the exact share"], _lines(rows), align="lrrlr")


def _lines(rows: Sequence[Row]) -> Iterator[tuple[str, ...]]:
    """A line for each figure: what the removals leave of the model."""
    exact, alone = courses(rows, "paoding"), courses(rows, CONVOLUTIONS_ALONE)
    for subject in (subject for subject in SUBJECTS if subject.name in exact):
        course = exact[subject.name]
        if subject.number == 1:
            counted = [(share, figure, words, fraud_parameters(64 - gone)) for share, figure, words, gone in FRAUD]
        else:
            own = alone.get(subject.name, {}) if subject.number in (3, 4) else {}
            words = "{:.0%} of the channels of each convolution, no dense unit"
            counted = [(s, figure, words.format(s), own[s].parameters) for s, figure in IMAGES if s in own]
        before = course[0.0].parameters
        for share, figure, removal, after in (line for line in counted if line[0] in course):
            yield (
                f"#{subject.number} {subject.name}",
                f"{share:.0%}",
                figure,
                removal,
                f"{before:,} -> {after:,}: {1 - after / before:.1%}",
                f"{1 - course[share].parameters / before:.1%}",
            )


def fraud_parameters(units: int) -> int:
    """Parameters of the network for fraud, 29 inputs and one output, with so many units in each of its two layers.

    >>> fraud_parameters(64)
    6145
    """
    return (29 + 1) * units + (units + 1) * units + units + 1
