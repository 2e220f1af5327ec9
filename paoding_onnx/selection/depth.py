"""Which residual branches go whole: those whose loss moves the outputs least for what they carry."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from paoding_onnx.calibration.samples import Samples
from paoding_onnx.context import Run
from paoding_onnx.dependency.residuals import Residual
from paoding_onnx.dependency.trace import Trace
from paoding_onnx.errors import ModelError, TargetError
from paoding_onnx.model.compare import distance
from paoding_onnx.model.load import Model
from paoding_onnx.model.nodes import Array
from paoding_onnx.model.session import Session
from paoding_onnx.names import Budget
from paoding_onnx.recovery.own_statistics import Observed, statistics_on
from paoding_onnx.recovery.trained import trained_of
from paoding_onnx.rules.binding import BoundNode
from paoding_onnx.surgery.bypass import bypassed
from paoding_onnx.surgery.cut import reweigh
from paoding_onnx.surgery.shallower import Deep

AGAIN = 4
"""So many of the cheapest are looked at again once others are gone: what one costs depends on those."""
ROWS = 64
"""Inputs on which outputs are compared."""


@dataclass(frozen=True, slots=True)
class Removal:
    """A residual branch that went: how far the outputs were moved once it and those before it were gone."""

    residual: Residual
    cost: float


def choose_depth(found: Deep, samples: Samples, *, by: Budget, count: int, run: Run) -> tuple[Removal, ...]:
    """The `count` branches that go, in the order in which they were chosen.

    Each is judged as a group of units is, by how far the outputs move without it and without those that are gone, for
    what it carries of what the target counts.

    Raises:
        TargetError: if there are not as many.
    """
    model, trace, residuals = found.study.folded, found.trace, found.residuals
    if len(residuals) < count:
        raise TargetError(
            f"{count} residual branches were to go, and the model has {len(residuals)}: sums of two tensors of one "
            "shape, one of them made of the other by layers that serve nothing else"
        )
    moved = _mover(model, trace, samples.parted()[0], run)
    alone = {}
    for number, residual in enumerate(residuals):
        run.tell("measuring residual branches", number / len(residuals))
        alone[residual] = moved((residual,))
    carried = {residual: _carried(trace, residual, by) for residual in residuals}
    removals: list[Removal] = []
    while len(removals) < count:
        gone = tuple(one.residual for one in removals)
        free = [r for r in residuals if all(set(r.nodes).isdisjoint(g.nodes) for g in gone)]
        cheapest = sorted(free, key=lambda r: alone[r] / carried[r])[:AGAIN]
        if not cheapest:
            raise TargetError(f"{count} residual branches were to go, but {len(removals)} hold all others in them")
        before = removals[-1].cost if removals else 0.0
        costs = {r: moved((*gone, r)) if gone else alone[r] for r in cheapest}
        best = min(cheapest, key=lambda r: (costs[r] - before) / carried[r])
        removals.append(Removal(best, costs[best]))
    return tuple(removals)


def _mover(model: Model, trace: Trace, samples: Samples, run: Run) -> Callable[[Sequence[Residual]], float]:
    """How far the outputs move without some branches, by the measure of `selection.sensitivity`."""
    feeds = list(_first_rows(samples))
    normalizations = trained_of(trace.graph).normalizations if samples.is_synthetic else ()
    levelled = reweigh(model, statistics_on(Observed(model, trace.graph, normalizations), feeds, run))
    wanted = _outputs(levelled, feeds, run)

    def moved(residuals: Sequence[Residual]) -> float:
        try:
            return distance(wanted, _outputs(bypassed(levelled, trace.graph, residuals), feeds, run))
        except ModelError:  # a model that runs on these inputs because of the branch
            return float("inf")

    return moved


def _first_rows(samples: Samples) -> Iterator[Mapping[str, Array]]:
    rows = 0
    for batch in samples.batches:
        if rows < ROWS:
            rows += max((len(value) for value in batch.values() if value.ndim), default=1)
            yield batch


def _outputs(model: Model, feeds: Sequence[Mapping[str, Array]], run: Run) -> dict[str, list[Array]]:
    session = Session(model, optimise=True, on=run.deployment)
    found: dict[str, list[Array]] = {}
    for feed in feeds:
        for name, value in session.run(feed).items():
            found.setdefault(name, []).append(value)
    return found


def _carried(trace: Trace, residual: Residual, by: Budget) -> float:
    """What goes with a branch: multiply-adds of its nodes, or elements of the constants that they read."""
    bounds = [trace.bound_nodes[number] for number in residual.nodes]
    if by in ("macs", "latency"):
        return max(sum(map(_macs, bounds)), 1.0)
    constants = {t.name: t.value for bound in bounds for t in bound.node.inputs if t is not None and t.is_constant}
    return float(max(sum(np.size(value) for value in constants.values() if value is not None), 1))


def _macs(bound: BoundNode) -> float:
    contracts = bound.rule.contracts
    return 0.0 if contracts is None else float(bound.node.times * contracts.macs(bound.binding.sizes))
