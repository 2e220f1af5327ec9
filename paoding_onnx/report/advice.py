"""What holds most parameters of a model that keeps many of them, in words, and what its owner can do about each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from paoding_onnx.dependency.cost import cost, nothing
from paoding_onnx.dependency.held import Reason, half_of, least_at_half, reasons_of
from paoding_onnx.dependency.trace import Trace
from paoding_onnx.rules.why import Hold

MUCH = 0.35
"""Share of the parameters left at half of all units beyond which reasons are told: a plain network keeps 0.25."""
MOST, LEAST = 2, 0.02
"""So many reasons at most, if they hold this share of the parameters."""
_OTHERS = "other layers have to make up for it"
ADVICE: Mapping[Hold, str] = {
    Hold.OUTPUT: "it is as wide as what the model returns: leave an output out at export that nobody needs",
    Hold.INPUT: "it is as wide as what is fed: such weights cannot go",
    Hold.BRANCHES: "export with the choice made, by tracing at fixed sizes, or leave the If out of the model",
    Hold.BODY: "if an input counts its steps, say so (--input NAME=3); else export one step",
    Hold.NO_RULE: "export without it, or write a rule for it (CONTRIBUTING.md shows how)",
    Hold.PICKED: f"positions are picked one by one here; {_OTHERS}",
    Hold.TABLE: "a table that is read by number: drop words that are never used before export",
    Hold.BLOCKS: "prune before the weights are quantized in blocks, then quantize",
    Hold.CONSTANTS: "fold what is computed from weights at export (weight norm removed, constants folded)",
    Hold.SIZES: "export at fixed sizes, so that sizes are numbers in the file",
    Hold.EXCLUDED: "leave --exclude out",
    Hold.SHARES: f"the shares along this axis belong together; {_OTHERS}",
    Hold.HEADS: "heads go whole; --choose decides where there is a choice",
    Hold.TIED: f"channels that are shuffled block by block go together; {_OTHERS}",
    Hold.ORDER: f"what is sorted stays; {_OTHERS}",
    Hold.SIZE_ONE: "export with more than one sample, so that no axis of samples has size one",
    Hold.INDEX: "another exporter may write this as a plain slice (torch.onnx.export with dynamo=False, or with True)",
}
"""What helps, by the kind of the reason."""
_OWN = "no reason holds many of them, but units have weights of their own, of which half go and not three quarters"
_OTHERWISE = "`explain` shows the way from a weight to it"


@dataclass(frozen=True, slots=True)
class Holding:
    """A reason, the share of all parameters that it holds, and what helps."""

    reason: Reason
    share: float
    advice: str


@dataclass(frozen=True, slots=True)
class AtHalf:
    """What is left of the parameters at half of all units, at least would be, and what holds most of that."""

    left: float
    least: float
    holdings: tuple[Holding, ...] = ()


def holding(trace: Trace) -> AtHalf:
    """What would stay of a model at half of its units, and why."""
    removed = half_of(trace)
    whole = max(cost(trace, nothing(trace)).parameters, 1)
    left = cost(trace, removed).parameters / whole
    shares = ((reason, reason.parameters / whole) for reason in reasons_of(trace, removed)[:MOST])
    return AtHalf(
        left,
        least_at_half(trace) / whole,
        tuple(Holding(one, share, advice(one)) for one, share in shares if share >= LEAST),
    )


def advice(reason: Reason) -> str:
    """What helps against a reason."""
    return ADVICE.get(reason.hold, _OTHERWISE)


def holding_lines(trace: Trace) -> Iterator[str]:
    """A line on what stays, and one for each reason; nothing where little stays."""
    found = holding(trace)
    if found.left <= MUCH:
        return
    because = "what holds most of them:" if found.holdings else _OWN
    least = f"{found.least:.2f} by inputs, outputs, ids and positions alone"
    yield f"at half of the units {found.left:.2f} of the parameters stay ({least}); {because}"
    for one in found.holdings:
        named = ", ".join(one.reason.nodes[:MOST]) + " and others" * (len(one.reason.nodes) > MOST)
        where = f" ({named})" if named else ""
        words = f"{one.reason.operator}: {one.reason.reason}" if one.reason.operator else one.reason.reason
        yield f"  {words}{where}, which holds {one.share:.0%} of all parameters: {one.advice}"
