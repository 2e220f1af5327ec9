"""What a sampler may look at: the weights of one group as matrices with a row for each unit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from paoding_onnx.dependency.trace import Group, Mask, Place, Role, Trace
from paoding_onnx.dependency.union_find import Ids
from paoding_onnx.layerwise.dequantize import dequantized
from paoding_onnx.layerwise.statistics import Moments
from paoding_onnx.model.graph import Array
from paoding_onnx.rules import Passes
from paoding_onnx.rules.binding import Site
from paoding_onnx.rules.equation import factors

Floats = NDArray[np.floating]


@dataclass(frozen=True, slots=True)
class Candidate:
    """A unit that may go; the lower `score`, the less it is missed.

    With a `twin`, that unit takes over: its outgoing weights grow by `coefficient` times those of `unit`.
    """

    unit: int
    score: float
    twin: int | None = None
    coefficient: float = 0.0


@dataclass(frozen=True, slots=True)
class View:
    """The state of a pruning run: the trace, which units are gone, and constants where they differ from the file's.

    `reach` is what `paoding_onnx.samplers.output_bounds.reach_of` found at the beginning of the step, `moments` what
    `paoding_onnx.layerwise.statistics.observe_units` saw; both are empty for methods that have no use for them.
    """

    trace: Trace
    removed: Mask
    contents: Mapping[str, Array]
    reach: Mapping[int, Floats] = field(default_factory=dict)
    moments: Mapping[tuple[int, int], Moments] = field(default_factory=dict)

    def content(self, place: Place) -> Array:
        """The constant at `place`, whole (removed units included)."""
        return self.constant(place.slot.tensor)

    def constant(self, name: str) -> Array:
        """The present content of a constant, whole."""
        value = self.contents.get(name, self.trace.graph.tensors[name].value)
        return np.zeros(0) if value is None else value

    def kept_units(self, group: Group) -> Ids:
        """Numbers of the group's units that are still there."""
        return group.start + np.flatnonzero(~self.removed[group.start : group.stop])

    def weights(self, place: Place) -> Array:
        """The numbers that the constant at `place` stands for: integers of a quantized model become floats."""
        value = self.content(place)
        return value if value.dtype.kind == "f" else dequantized(self.trace, place.slot, value)

    def units(self, place: Place) -> Ids:
        """Unit number of every position of the axis at `place`, -1 for none."""
        return self.trace.units[place.slot, place.axis]


def is_dense(view: View, group: Group) -> bool:
    """Whether a group's units are made by weights without a kernel, all of them, and consumed by weights at all."""
    if any(view.content(place).dtype.kind != "f" for place in group.places if place.role is not Role.FOLLOWS):
        return False  # weights stored as integers cannot take over a share of another's
    sites = [view.trace.sites[place.site] for place in group.having(Role.PRODUCES)]
    ranks = [len(operand or ()) for site in sites for operand in site.bound.inputs]
    return bool(ranks) and max(ranks) <= 2 and can_absorb(view, group)


def can_absorb(view: View, group: Group) -> bool:
    """Whether a unit's twin can take over all that the unit contributes.

    Everything that adds the group's units up must do so through a weight of its own, read by this node alone and not
    changed on the way but by Reshape, Transpose and the like.
    """
    if not group.is_exact:
        return False
    consumers = group.having(Role.CONSUMES)
    by_site = {place.site for place in consumers}
    for index, site in enumerate(view.trace.sites):
        if index not in by_site and _adds_up(view, group, index, site):
            return False
    return bool(consumers) and all(_is_own(view, place) for place in consumers)


def _adds_up(view: View, group: Group, index: int, site: Site) -> bool:
    """Whether a site has units of the group in a factor that none of its outputs has."""
    made = {name for operand in site.bound.outputs for name in factors(operand)}
    if not made:
        return False  # it only measures
    gone = (units for name, units in view.trace.factors[index].items() if name not in made)
    return any(((units >= group.start) & (units < group.stop)).any() for units in gone)


def _is_own(view: View, place: Place) -> bool:
    """Whether the constant at `place` is read once, and reaches its site without being changed."""
    name, sites = place.slot.tensor, view.trace.sites
    while True:
        readers = [k for k, site in enumerate(sites) for t in site.node.inputs if t is not None and t.name == name]
        if len(readers) != 1 or name in view.trace.graph.outputs:
            return False
        site = sites[readers[0]]
        if readers[0] == place.site:
            return True
        if site.rule.passes is not Passes.ANY or site.rule.affine is not None or site.rule.macs:
            return False
        name = site.node.first_output.name


def weight_places(view: View, group: Group, role: Role) -> tuple[Place, ...]:
    """The places of weights (not of vectors such as biases) with a role."""
    return tuple(place for place in group.having(role) if view.content(place).ndim > 1)


def unit_sums(view: View, group: Group, place: Place, power: int) -> tuple[Floats, Floats]:
    """Sum of |w| ** power over each unit's remaining weights at `place`, and how many they are; `(n_units,)`.

    Works through the weights in blocks, so that no second copy of a large matrix is made.
    """
    value = np.moveaxis(view.weights(place), place.axis, 0)
    units = view.units(place)
    others = [view.trace.kept(place.slot, axis, view.removed) for axis in range(value.ndim) if axis != place.axis]
    sums = np.zeros(len(units))
    for start in range(0, len(units), 64):
        block = np.abs(_keep(value[start : start + 64], others), dtype=np.float32)
        sums[start : start + 64] = (block if power == 1 else block * block).reshape(len(block), -1).sum(1)
    per_position = float(np.prod([kept.sum() for kept in others]))
    inside = (units >= group.start) & (units < group.stop)
    index = units[inside] - group.start
    counts = np.bincount(index, minlength=group.n_units) * per_position
    return np.asarray(np.bincount(index, sums[inside], group.n_units), np.float64), counts


def unit_rows(view: View, kept: Ids, place: Place) -> Floats | None:
    """Remaining weights of the units `kept` at `place`, a row each; `None` if the rows differ in length."""
    units = view.units(place)
    order = np.argsort(units, kind="stable")
    low, high = np.searchsorted(units[order], kept), np.searchsorted(units[order], kept, "right")
    if kept.size == 0 or (high - low != high[0] - low[0]).any():
        return None
    positions = order[low[:, None] + np.arange(high[0] - low[0])]
    value = np.moveaxis(view.weights(place), place.axis, 0)
    others = [view.trace.kept(place.slot, axis, view.removed) for axis in range(value.ndim) if axis != place.axis]
    rows = _keep(value[positions.reshape(-1)], others)
    return np.asarray(rows.reshape(kept.size, -1), np.float32)


def _keep(value: Array, others: list[Mask]) -> Array:
    for axis, kept in enumerate(others, start=1):
        if not kept.all():
            value = np.compress(kept, value, axis)
    return value
