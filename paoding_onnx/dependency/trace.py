"""The trace of a model, as values: its groups of units, where they live, and what may not go.

It holds what `paoding_onnx.dependency.groups` finds; it must not find anything itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from paoding_onnx.dependency.union_find import Ids, distinct
from paoding_onnx.model.graph import Graph
from paoding_onnx.model.input_sizes import Shape
from paoding_onnx.model.nodes import Array
from paoding_onnx.names import Prefer
from paoding_onnx.rules.binding import BoundNode, TensorUse
from paoding_onnx.rules.why import Hold

Mask = NDArray[np.bool_]
"""True for a unit that goes (or a position that stays, where a name says `kept`)."""
Sources = frozenset[tuple[TensorUse, int]]
"""Axes of tensors, as nodes see them."""
Entries = tuple[Sources, ...]
"""One set for each entry of a small tensor, or a single one for all."""


class Role(StrEnum):
    """What a constant does for the units on one of its axes."""

    PRODUCES = "produces"
    """Its node contracts, and the unit is in the output: a row of weights, a bias."""
    CONSUMES = "consumes"
    """Its node contracts the unit away: a column of weights."""
    FOLLOWS = "follows"
    """Its node works on the unit one by one: a BatchNormalization scale, a PRelu slope."""


@dataclass(frozen=True, slots=True)
class ParameterAxis:
    """One axis of one constant on which units of a group live; `bound` is where it meets them."""

    node_index: int
    use: TensorUse
    axis: int
    role: Role


@dataclass(frozen=True, slots=True)
class Group:
    """Units that live on the same axes and are ranked together: the numbers `start` to `stop` - 1 of the trace.

    `channel_multiples` are the counts whose multiples the kernels of its nodes like, ascending. At least `least` units
    must stay.
    """

    name: str
    start: int
    stop: int
    parameter_axes: tuple[ParameterAxis, ...]
    is_exact: bool
    channel_multiples: tuple[int, ...]
    least: int = 1

    @property
    def most(self) -> int:
        """How many units may go."""
        return self.n_units - self.least

    @property
    def n_units(self) -> int:
        """How many units the group has."""
        return self.stop - self.start

    def having(self, role: Role) -> tuple[ParameterAxis, ...]:
        """The places with a role, in the order of the nodes."""
        return tuple(parameter_axis for parameter_axis in self.parameter_axes if parameter_axis.role is role)

    def positions(self, units: Ids) -> NDArray[np.intp]:
        """Positions of the group's units on an axis whose `units` are given: all of the first unit, then of the next.

        >>> Group("g", 5, 7, (), True, ()).positions(np.array([6, 5, 2, 6, 5])).tolist()
        [1, 4, 0, 3]
        """
        inside = np.flatnonzero((units >= self.start) & (units < self.stop))
        return inside[np.argsort(units[inside], kind="stable")]


@dataclass(frozen=True, slots=True)
class Refusal:
    """A weight axis that may not shrink (`tensor`, `axis`), or a node without a rule (`axis` -1), and why."""

    operator: str
    node: str
    tensor: str
    axis: int
    reason: str


@dataclass(frozen=True, slots=True)
class Held:
    """An axis of a constant, as nodes see it, a `share` of whose positions may not go, `why`, and of what kind."""

    use: TensorUse
    axis: int
    share: float
    why: Refusal
    hold: Hold


@dataclass(frozen=True, slots=True)
class Choice:
    """An axis of several factors that could shrink: `kept` may, the others may not; `sizes` are all, major to minor."""

    node: str
    kept: str
    pinned: tuple[str, ...]
    sizes: tuple[int, ...]
    prefer: Prefer


@dataclass(frozen=True, slots=True)
class DataUse:
    """Sizes (`sources`: tensor and axis) that a node reads as data through one input; node -1 for a graph output.

    What is read may be written down as it was, unless surgery writes a part of it anew (not `may_freeze`).
    """

    node_index: int
    operand: int
    sources: Sources
    may_freeze: bool = True


@dataclass(frozen=True)
class Trace:
    """Everything the later stages need to know about a graph.

    `units` and `factors` give the unit number of every position of an axis or factor, -1 where no unit may go. `frozen`
    are sizes that nodes compute with and that must stay what they were; `made_of` says which sizes the entries of each
    tensor of shape arithmetic come from. `measured` are, by node, sizes of factors that are others at the sizes at
    which costs are told than at those that were traced. `held` are axes of matrices and kernels that may not shrink.
    `given` is the share of an axis of a constant that is as long as the model's inputs, outputs and tables say.
    `n_unread` is one if there are entries of tables that no node reads: all of them are one more unit, the last.
    """

    graph: Graph
    bound_nodes: tuple[BoundNode, ...]
    units: Mapping[tuple[TensorUse, int], Ids]
    factors: tuple[Mapping[str, Ids], ...]
    groups: tuple[Group, ...]
    refusals: tuple[Refusal, ...]
    choices: tuple[Choice, ...]
    frozen: tuple[DataUse, ...]
    made_of: Mapping[str, Entries]
    measured: Mapping[int, Mapping[str, int]]
    held: tuple[Held, ...] = ()
    given: Mapping[tuple[TensorUse, int], float] = field(default_factory=dict)
    n_unread: int = 0

    @property
    def n_units(self) -> int:
        """How many units all groups have together, and what no node reads."""
        return self.n_grouped + self.n_unread

    @property
    def n_grouped(self) -> int:
        """How many units all groups have together."""
        return self.groups[-1].stop if self.groups else 0

    @cached_property
    def summed_at(self) -> Mapping[int, frozenset[int]]:
        """Numbers of the nodes that add the units of a group up or pick among them, by the group's first unit.

        Such a node has units of the group in a factor that none of its outputs has.
        """
        starts = np.array([group.start for group in self.groups], np.int64)
        found: dict[int, set[int]] = {int(start): set() for start in starts}
        for index, bound in enumerate(self.bound_nodes):
            made = bound.binding.made  # empty for a node that only measures
            for units in (ids for name, ids in self.factors[index].items() if made and name not in made):
                grouped = units[(units >= 0) & (units < self.n_grouped)]
                for number in np.unique(np.searchsorted(starts, grouped, "right")):
                    found[int(starts[number - 1])].add(index)
        return {start: frozenset(nodes) for start, nodes in found.items()}

    @cached_property
    def parts(self) -> tuple[Ids, ...]:
        """Units of axes that hold some units of one group and nothing else, as behind a node that picks a few."""
        starts = np.array([group.start for group in self.groups], np.int64)
        found: dict[bytes, Ids] = {}
        for ids in self.units.values():
            if ids.size and ids.min() >= 0 and ids.max() < self.n_grouped:
                units = distinct(ids)
                group = self.groups[int(np.searchsorted(starts, units[0], "right")) - 1]
                if units[-1] < group.stop and units.size < group.n_units:
                    found[units.tobytes()] = units
        return tuple(found.values())

    def without_gaps(self, removed: Mask, before: Mask) -> Mask:
        """The units in `removed`, but for one of each of `parts` that would have none left: few nodes take no entries.

        The one that stays is the first that was not gone `before`.
        """
        staying = [units[~before[units]][:1] for units in self.parts if removed[units].all()]
        if not staying:
            return removed
        spared = removed.copy()
        spared[np.concatenate(staying)] = False
        return spared

    def kept(self, use: TensorUse, axis: int, removed: Mask) -> Mask:
        """Which positions of an axis stay when the units in `removed` `(n_units,)` go."""
        return ~gone(self.units[use, axis], removed)

    def kept_of(self, use: TensorUse, value: Array, removed: Mask) -> Array:
        """What stays of a constant, as one node uses it, when the units in `removed` go."""
        for axis in range(value.ndim):
            value = np.compress(self.kept(use, axis, removed), value, axis)
        return value

    def kept_part(self, name: str, array: Array, removed: Mask) -> Array | None:
        """What stays of `array`, the content of tensor `name` at any size, when units go; see `left_of`."""
        return left_of(array, self.shrunk_axes(name, removed))

    def shrunk_axes(self, name: str, removed: Mask) -> tuple[tuple[int, Mask], ...]:
        """The axes of tensor `name` that lose positions when units go, each with what stays of it."""
        shape = self.graph.tensors[name].shape if name in self.graph.tensors else None
        axes = (axis for axis in range(len(shape or ())) if (TensorUse(name), axis) in self.units)
        found = ((axis, self.kept(TensorUse(name), axis, removed)) for axis in axes)
        return tuple((axis, kept) for axis, kept in found if not kept.all())

    def sizes(self, node_index: int, removed: Mask) -> dict[str, int]:
        """Size of every factor of a node when the units in `removed` go, at the sizes that were traced."""
        return {name: int(np.count_nonzero(~gone(ids, removed))) for name, ids in self.factors[node_index].items()}

    def measured_sizes(self, node_index: int, removed: Mask) -> dict[str, int]:
        """As `sizes`, at the sizes at which costs are told: there may be other numbers of samples of the units."""
        found = self.sizes(node_index, removed)
        for name, size in self.measured.get(node_index, {}).items():
            left = _stretched(~gone(self.factors[node_index][name], removed), size)
            found[name] = size if left is None else int(np.count_nonzero(left))
        return found

    def shapes_left(self, removed: Mask) -> dict[str, Shape]:
        """Shapes of tensors at the sizes at which costs are told, when units go; without those that cannot be told."""
        shapes = {} if self.graph.sizes is None else dict(self.graph.sizes.shapes)
        for (use, axis), ids in self.units.items():
            shape, lost = shapes.get(use.tensor), gone(ids, removed)
            if use != TensorUse(use.tensor) or shape is None or not lost.any():
                continue
            left = _stretched(~lost, shape[axis])
            if left is None:
                del shapes[use.tensor]
            else:
                shapes[use.tensor] = (*shape[:axis], int(np.count_nonzero(left)), *shape[axis + 1 :])
        return shapes

    def shrinks(self, name: str, entry: int, n_entries: int, removed: Mask) -> bool:
        """Whether a size that entry number `entry` of shape arithmetic is made of changes when units go."""
        made_of = self.made_of.get(name, ())
        sources = made_of[entry] if len(made_of) == n_entries else frozenset().union(*made_of)
        return any(not self.kept(use, axis, removed).all() for use, axis in sources)

    def frozen_values(self, removed: Mask) -> Iterator[tuple[DataUse, Array]]:
        """The frozen uses whose sizes change when the units in `removed` go, each with the value it must keep."""
        for data_use in self.frozen:
            tensor = self.bound_nodes[data_use.node_index].node.inputs[data_use.operand]
            changes = any(not self.kept(use, axis, removed).all() for use, axis in data_use.sources)
            if changes and tensor is not None and tensor.value is not None:
                yield data_use, tensor.value


def left_of(array: Array, shrunk: Iterable[tuple[int, Mask]]) -> Array | None:
    """What stays of `array`, the content of a tensor at any size, whose axes are `shrunk`; see `Trace.shrunk_axes`.

    `None` where it cannot be told, as units share an axis with an open one that has another size than was traced.
    """
    for axis, kept in ((axis, kept) for axis, kept in shrunk if axis < array.ndim):
        stretched = _stretched(kept, array.shape[axis])
        if stretched is None:
            return None
        array = np.compress(stretched, array, axis)
    return array


def _stretched(kept: Mask, size: int) -> Mask | None:
    """What stays of an axis of another size, on which each sample has all units, in one row or each unit all samples.

    >>> _stretched(np.array([True, False, True, False]), 6).tolist()
    [True, False, True, False, True, False]
    """
    if size == kept.size:
        return kept
    for period in range(1, kept.size):
        count, rest = divmod(kept.size, period)
        if rest or size % period:
            continue
        if np.array_equal(np.tile(kept[:period], count), kept):
            return np.tile(kept[:period], size // period)
        if np.array_equal(np.repeat(kept[::count], count), kept):
            return np.repeat(kept[::count], size // period)
    return None


def gone(units: Ids, removed: Mask) -> Mask:
    """Which positions go with the units in `removed`; positions of no unit (-1) never do.

    >>> gone(np.array([0, -1, 1]), np.array([False, True])).tolist()
    [False, False, True]
    """
    if not removed.size:
        return np.zeros(units.shape, np.bool_)
    return (units >= 0) & removed[units]
