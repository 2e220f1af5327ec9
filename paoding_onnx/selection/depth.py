"""Which residual branches go whole: those whose loss moves the outputs least for what they carry."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

import numpy as np

from paoding_onnx.calibration.samples import Samples
from paoding_onnx.context import Run
from paoding_onnx.dependency.cost import node_macs, nothing
from paoding_onnx.dependency.residuals import Residual
from paoding_onnx.dependency.trace import Trace
from paoding_onnx.errors import ModelError, TargetError
from paoding_onnx.model.compare import distance, have_same_sizes
from paoding_onnx.model.load import Model
from paoding_onnx.model.nodes import Array
from paoding_onnx.model.session import Session
from paoding_onnx.names import Budget
from paoding_onnx.recovery.own_statistics import Observed, statistics_on
from paoding_onnx.recovery.trained import trained_of
from paoding_onnx.selection.profile import part_of
from paoding_onnx.surgery.bypass import bypassed
from paoding_onnx.surgery.cut import cut, reweigh
from paoding_onnx.surgery.plan import Plan

AGAIN = 4
"""So many of the cheapest are looked at again once others are gone: what one costs depends on those."""
ROWS = 64
"""Inputs on which outputs are compared."""


@dataclass(frozen=True, slots=True)
class Removal:
    """A residual branch that went: how far the outputs were moved once it and those before it were gone."""

    residual: Residual
    cost: float


@dataclass(frozen=True, slots=True)
class Outputs:
    """What a model makes of some inputs, to tell how far that moves when parts of it go.

    The measure is that of `selection.sensitivity`. On synthetic inputs, statistics that `model` stores are theirs.
    """

    model: Model
    trace: Trace
    feeds: Sequence[Mapping[str, Array]]
    wanted: Mapping[str, Sequence[Array]]
    run: Run

    def moved_without(self, residuals: Sequence[Residual]) -> float:
        """How far they move without these branches."""
        return self._moved(bypassed(self.model, self.trace.graph, residuals))

    def moved_by(self, plan: Plan) -> float:
        """How far they move without the units that a plan removes, if nothing makes up for these."""
        return self._moved(cut(self.model, self.trace, plan))

    def _moved(self, smaller: Model) -> float:
        try:
            got = _outputs(smaller, self.feeds, self.run)
        except ModelError:  # a model that runs on these inputs because of what went
            return float("inf")
        told = (parts for name, parts in self.wanted.items() if have_same_sizes(parts, got[name]))
        is_told = any(part.size for parts in told for part in parts)
        return distance(self.wanted, got) if is_told else float("inf")


def outputs_on(model: Model, trace: Trace, samples: Samples, run: Run, *, rows: int) -> Outputs:
    """What `model` makes of about so many rows of samples; of the user's own ones if others stand beside them."""
    samples = samples.parted()[0]
    feeds = list(_first_rows(model, samples, rows))
    normalizations = trained_of(trace.graph).normalizations if samples.is_synthetic else ()
    levelled = reweigh(model, statistics_on(Observed(model, trace.graph, normalizations), feeds, run))
    return Outputs(levelled, trace, feeds, _outputs(levelled, feeds, run), run)


def choose_depth(
    outputs: Outputs, residuals: Sequence[Residual], *, by: Budget, count: int, run: Run
) -> tuple[Removal, ...]:
    """The `count` branches that go, in the order in which they were chosen.

    Each is judged as a group of units is, by how far the outputs move without it and without those that are gone, for
    what it carries of what the target counts.

    Raises:
        TargetError: if there are not as many.
    """
    if len(residuals) < count:
        raise TargetError(
            f"{count} residual branches were to go, and the model has {len(residuals)}: sums of two tensors of one "
            "shape, one of them made of the other by layers that serve nothing else"
        )
    removals = tuple(islice(cheapest_first(outputs, residuals, by=by, run=run), count))
    if len(removals) < count:
        raise TargetError(f"{count} residual branches were to go, but {len(removals)} hold all others in them")
    return removals


def cheapest_first(outputs: Outputs, residuals: Sequence[Residual], *, by: Budget, run: Run) -> Iterator[Removal]:
    """Branches one after another, always the one whose loss moves the outputs least for what it carries.

    Once some are gone, that is looked at again for the cheapest ones. Ends where those that are left are part of
    others that went.
    """
    alone = {}
    for number, residual in enumerate(residuals):
        run.tell("measuring residual branches", number / len(residuals))
        alone[residual] = outputs.moved_without((residual,))
    carried = {residual: carried_by(outputs.trace, residual, by) for residual in residuals}
    gone: tuple[Residual, ...] = ()
    before = 0.0
    while free := [r for r in residuals if all(set(r.nodes).isdisjoint(g.nodes) for g in gone)]:
        cheapest = sorted(free, key=lambda r: alone[r] / carried[r])[:AGAIN]
        costs = {r: outputs.moved_without((*gone, r)) if gone else alone[r] for r in cheapest}
        best = min(cheapest, key=lambda r: (costs[r] - before) / carried[r])
        gone, before = (*gone, best), costs[best]
        yield Removal(best, before)


def _first_rows(model: Model, samples: Samples, most: int) -> Iterator[Mapping[str, Array]]:
    """The first batches, of the last of which no more rows than are wanted, where it can be cut."""
    for batch in samples.batches:
        if most > 0:
            few = None if samples.is_bare else part_of(model, batch, slice(most))
            yield batch if few is None else few
            most -= max((len(value) for value in batch.values() if value.ndim), default=1)


def _outputs(model: Model, feeds: Sequence[Mapping[str, Array]], run: Run) -> dict[str, list[Array]]:
    session = Session(model, optimise=True, on=run.deployment)
    found: dict[str, list[Array]] = {}
    for feed in feeds:
        for name, value in session.run(feed).items():
            found.setdefault(name, []).append(value)
    return found


def carried_by(trace: Trace, residual: Residual, by: Budget) -> float:
    """What goes with a branch: multiply-adds of its nodes, counted as `cost` does, or elements of what they read."""
    if by in ("macs", "latency"):
        return float(max(sum(node_macs(trace, number, nothing(trace)) for number in residual.nodes), 1))
    bounds = [trace.bound_nodes[number] for number in residual.nodes]
    constants = {t.name: t.value for bound in bounds for t in bound.node.inputs if t is not None and t.is_constant}
    return float(max(sum(np.size(value) for value in constants.values() if value is not None), 1))
