"""Which units have to go for a share less time: widths by a table of times, corrected by timing what comes of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from paoding_onnx.context import Run
from paoding_onnx.errors import TargetError
from paoding_onnx.evaluation.measured import Kept, Latency
from paoding_onnx.names import percent
from paoding_onnx.options import Options
from paoding_onnx.pipeline.approach import CLOSE, Attempt, approach
from paoding_onnx.pipeline.latency import latency_of
from paoding_onnx.pipeline.timing import is_of_here, table_for
from paoding_onnx.pipeline.values import Job, Prepared
from paoding_onnx.result import Trial
from paoding_onnx.selection.allocation import reachable
from paoding_onnx.selection.selection import Selection
from paoding_onnx.shapes.choices import closed, settled
from paoding_onnx.surgery.cut import cut
from paoding_onnx.timing.estimate import Estimate

MEASURE = "latency saved"
NOT_TIMED = "the table of times alone was followed, and nothing was timed: time the result where it is to run"
NEAR = 0.97
"""The share of what can go from which on no more is to be had."""


@dataclass(frozen=True, slots=True)
class _Made:
    """A choice of units, and how the model without them compares."""

    selection: Selection
    latency: Latency | None


Choosing = Callable[[Options, Run, Estimate], Callable[[Options], Selection]]
"""From options, a run and times to the way from a target to the units that go."""


def select_by_latency(job: Job, prepared: Prepared, choosing: Choosing) -> tuple[Selection, tuple[Trial, ...]]:
    """The units without which the model takes the target's share less time, as near as it can be had; what was tried.

    Where the user's table is of another machine, or nothing is to be timed, it alone decides.

    Raises:
        ModelError: if the model cannot be run.
        TargetError: if the target is out of reach, or nothing is faster.
        UsageError: if the user's table does not fit the model.
    """
    options, run = replace(job.options, step=1.0), job.run
    model, traced, target = prepared.folded, prepared.trace, options.target
    table = table_for(model, traced, options, run.part(0.05, 0.1))
    times, is_here = Estimate(traced, table), is_of_here(table, options) and options.latency
    most = reachable(traced, by="latency", times=times)
    _require_within(most, target, f"by the table of times {len(traced.groups)} prunable groups carry")
    chosen = choosing(options, run.part(0.15, 0.35), times)

    def make(share: float) -> Attempt[_Made]:
        """What comes of a share that is asked of the table."""
        selection = chosen(replace(options, target=round(share, 4)))
        latency = _timed(job, prepared, selection) if is_here else None
        return Attempt(share, None if latency is None else 1 - latency.ratio, _Made(selection, latency))

    tried = approach(target, most, make, lambda number: run.tell(f"timing candidate {number + 1}", 0.5))
    _require_faster(tried, target, most)
    best = tried[0].made.selection
    step = replace(best.steps[-1], share=target)
    notes = (*best.notes, *(_notes(tried[0], is_here=is_here) if options.latency else (NOT_TIMED,)))
    trials = tuple(_trial(attempt, target) for attempt in tried if attempt.saved is not None)
    return replace(best, steps=(step,), notes=notes), trials


def _timed(job: Job, prepared: Prepared, selection: Selection) -> Latency | None:
    """How long runs of the original and of the model without the chosen units take; `None` if that varies too much."""
    plain = settled(cut(prepared.folded, prepared.trace, selection.plan), prepared.choices)
    smaller = closed(plain, prepared.choices)
    return latency_of(job.original, smaller, prepared.trace.graph, on=job.options.deployment)


def _trial(attempt: Attempt[_Made], target: float) -> Trial:
    saved = attempt.saved or 0.0
    kept = Kept(MEASURE, saved, target, holds=abs(saved - target) <= CLOSE)
    return Trial(round(attempt.share, 4), attempt.made.selection.steps[-1].cost, kept)


def _notes(best: Attempt[_Made], *, is_here: bool) -> tuple[str, ...]:
    if not is_here:
        return (
            "the table of times alone was followed, as it is of another machine or number of threads: time it there",
        )
    if best.saved is None:
        return ("times vary too much here for a ratio: the target was met by the table of times, and not corrected",)
    return ()


def _require_within(most: float, target: float, what: str) -> None:
    if most < target:
        raise TargetError(
            f"a target of {percent(target)} of the latency is out of reach: {what} at most {most:.1%}; lower --target, "
            "or see `inspect` for what is not prunable and why"
        )


def _require_faster(tried: tuple[Attempt[_Made], ...], target: float, most: float) -> None:
    """Refuse what is slower than the original, and what stays far from the target though all is gone."""
    known = [attempt.saved for attempt in tried if attempt.saved is not None]
    if not known:
        return
    if known[0] <= 0:
        raise TargetError(f"nothing that was tried is faster than the original: {max(known):+.1%} less time at best")
    if max(known) < target - CLOSE and max(attempt.share for attempt in tried) > NEAR * most:
        _require_within(max(known), target, "what was timed saves")
