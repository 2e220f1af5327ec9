"""The paper's figures of size counted again: how many units its program really removes, and of which layers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

import paoding_onnx
from paoding_onnx.dependency.cost import cost, nothing
from paoding_onnx.dependency.trace import Trace
from scripts.benchmarks.page import table
from scripts.benchmarks.paper.measure import SUBJECTS, is_convolution


@dataclass(frozen=True, slots=True)
class Count:
    """A figure of the paper and a removal: `share` of the units of each layer, or of each convolution alone."""

    number: int
    figure: str
    says: Fraction
    share: Fraction
    is_convolutions_only: bool
    words: str


_QUARTER, _HALF = Fraction(1, 4), Fraction(1, 2)
_ALONE = "{:.0%} of the channels of each convolution, no dense unit"
COUNTS = (
    Count(1, "49.4 %", _QUARTER, Fraction(22, 64), False, "11 steps of 2 units (2.5 % of 64, rounded up): 22 of 64"),
    Count(1, "78.1 %", _HALF, Fraction(40, 64), False, "20 steps of 2 units: 40 of 64"),
    *(
        Count(number, figure, share, share, True, _ALONE.format(float(share)))
        for number in (3, 4)
        for figure, share in (("36.5 %", _QUARTER), ("63.9 %", _HALF))
    ),
)
"""Where each figure comes from, as the authors' program counts."""


def sizes() -> str:
    """The figures of the paper, the removals that give them, and what an exact count gives."""
    heads = ("model", 'the paper\'s "share"', "parameters gone, paper", "what its program removes", "counted here")
    return table([*heads, "gone at the exact share"], _lines(), align="lrrlr")


def _lines() -> Iterator[tuple[str, ...]]:
    """A line for each figure: what the removals leave of the model."""
    for subject in SUBJECTS:
        counts = [count for count in COUNTS if count.number == subject.number]
        trace = paoding_onnx.inspect(subject.path) if counts else None
        for count in counts if trace is not None else ():
            before = cost(trace, nothing(trace)).parameters
            after = parameters_left(trace, count.share, is_convolutions_only=count.is_convolutions_only)
            exact = parameters_left(trace, count.says, is_convolutions_only=False)
            yield (
                f"#{count.number} {subject.name}",
                f"{float(count.says):.0%}",
                count.figure,
                count.words,
                f"{before:,} -> {after:,}: {1 - after / before:.1%}",
                f"{1 - exact / before:.1%}",
            )


def parameters_left(trace: Trace, share: Fraction, *, is_convolutions_only: bool) -> int:
    """Parameters of a model whose layers have lost this share of their units, rounded down."""
    removed = nothing(trace)
    for group in trace.groups:
        if is_convolution(trace, group) or not is_convolutions_only:
            removed[group.start : group.start + int(share * group.n_units)] = True
    return cost(trace, removed).parameters
