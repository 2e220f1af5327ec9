"""What a sampler may look at: the weights of one group as matrices with a row for each unit."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from paoding_onnx.dependency.trace import Group, Mask, ParameterAxis, Role, Trace
from paoding_onnx.dependency.union_find import Ids
from paoding_onnx.layerwise.dequantize import dequantized
from paoding_onnx.model.nodes import Array
from paoding_onnx.rules.facts import Homogeneity

Floats = NDArray[np.floating]


@dataclass(frozen=True, slots=True)
class Candidate:
    """A unit that may go; the lower `score`, the less it is missed.

    With a `merge_target`, that unit takes over: its outgoing weights grow by `coefficient` times those of `unit`.
    """

    unit: int
    score: float
    merge_target: int | None = None
    coefficient: float = 0.0


@dataclass(frozen=True, slots=True)
class UnitStatistics:
    """Mean `(n_units,)` and covariance `(n_units, n_units)` of a group's units where a node consumes them.

    `count` is the number of places that were looked at.
    """

    mean: NDArray[np.float64]
    covariance: NDArray[np.float64]
    count: int


@dataclass(frozen=True, slots=True)
class View:
    """The state of a pruning run: the trace, which units are gone, and constants where they differ from the file's.

    `output_bounds` is what `paoding_onnx.samplers.output_bounds` found at the beginning of the step, `unit_statistics`
    what `paoding_onnx.layerwise.statistics` saw; both are empty for methods that have no use for them.
    """

    trace: Trace
    removed: Mask
    overrides: Mapping[str, Array]
    output_bounds: Mapping[int, Floats] = field(default_factory=dict)
    unit_statistics: Mapping[tuple[int, int], UnitStatistics] = field(default_factory=dict)

    def content(self, parameter_axis: ParameterAxis) -> Array:
        """The constant at `parameter_axis`, whole (removed units included)."""
        return self.constant(parameter_axis.use.tensor)

    def constant(self, name: str) -> Array:
        """The present content of a constant, whole."""
        value = self.overrides.get(name, self.trace.graph.tensors[name].value)
        return np.zeros(0) if value is None else value

    def kept_units(self, group: Group) -> Ids:
        """Numbers of the group's units that are still there."""
        return group.start + np.flatnonzero(~self.removed[group.start : group.stop])

    def weights(self, parameter_axis: ParameterAxis) -> Array:
        """The numbers that the constant at `parameter_axis` stands for: integers of a quantized model become floats."""
        value = self.content(parameter_axis)
        return value if value.dtype.kind == "f" else dequantized(self.trace, parameter_axis.use, value)

    def units(self, parameter_axis: ParameterAxis) -> Ids:
        """Unit number of every position of the axis at `parameter_axis`, -1 for none."""
        return self.trace.units[parameter_axis.use, parameter_axis.axis]


Sampler = Callable[[View, Group, int, np.random.Generator], tuple[Candidate, ...]]
"""From the state so far, a group and a number of units to the candidates that should go, in that order."""


def is_dense(view: View, group: Group) -> bool:
    """Whether a group's units are made by weights without a kernel, all of them, and consumed by weights at all."""
    if any(
        view.content(parameter_axis).dtype.kind != "f"
        for parameter_axis in group.parameter_axes
        if parameter_axis.role is not Role.FOLLOWS
    ):
        return False  # weights stored as integers cannot take over a share of another's
    bound_nodes = [view.trace.bound_nodes[parameter_axis.node_index] for parameter_axis in group.having(Role.PRODUCES)]
    ranks = [len(operand or ()) for bound in bound_nodes for operand in bound.binding.inputs]
    return bool(ranks) and max(ranks) <= 2 and can_merge(view, group)


def can_merge(view: View, group: Group) -> bool:
    """Whether a unit's merge target can take over all that the unit contributes.

    Everything that adds the group's units up must do so through a weight of its own, read by this node alone and not
    changed on the way but by Reshape, Transpose and the like.
    """
    if not group.is_exact:
        return False
    consumers = group.having(Role.CONSUMES)
    by_node = {parameter_axis.node_index for parameter_axis in consumers}
    if not view.trace.summed_at[group.start] <= by_node:
        return False
    return bool(consumers) and all(_is_own(view, parameter_axis) for parameter_axis in consumers)


def _is_own(view: View, parameter_axis: ParameterAxis) -> bool:
    """Whether the constant at `parameter_axis` is read once, and reaches its node without being changed."""
    name, bound_nodes = parameter_axis.use.tensor, view.trace.bound_nodes
    while True:
        readers = view.trace.graph.readers[name]
        if len(readers) != 1 or name in view.trace.graph.outputs:
            return False
        bound = bound_nodes[readers[0]]
        if readers[0] == parameter_axis.node_index:
            return True
        if bound.rule.acts.homogeneity is not Homogeneity.ANY or bound.rule.contracts is not None:
            return False
        name = bound.node.first_output.name


def weight_axes(view: View, group: Group, role: Role) -> tuple[ParameterAxis, ...]:
    """The places of weights (not of vectors such as biases) with a role."""
    return tuple(parameter_axis for parameter_axis in group.having(role) if view.content(parameter_axis).ndim > 1)


def unit_sums(view: View, group: Group, parameter_axis: ParameterAxis, power: int) -> tuple[Floats, Floats]:
    """Sum of |w| ** power over each unit's remaining weights at `parameter_axis`, and how many they are; `(n_units,)`.

    Works through the weights in blocks, so that no second copy of a large matrix is made.
    """
    value = np.moveaxis(view.weights(parameter_axis), parameter_axis.axis, 0)
    units = view.units(parameter_axis)
    others = [
        view.trace.kept(parameter_axis.use, axis, view.removed)
        for axis in range(value.ndim)
        if axis != parameter_axis.axis
    ]
    sums = np.zeros(len(units))
    for start in range(0, len(units), 64):
        block = np.abs(_keep(value[start : start + 64], others), dtype=np.float32)
        sums[start : start + 64] = (block if power == 1 else block * block).reshape(len(block), -1).sum(1)
    per_position = float(np.prod([kept.sum() for kept in others]))
    inside = (units >= group.start) & (units < group.stop)
    index = units[inside] - group.start
    counts = np.bincount(index, minlength=group.n_units) * per_position
    return np.asarray(np.bincount(index, sums[inside], group.n_units), np.float64), counts


def unit_rows(view: View, kept: Ids, parameter_axis: ParameterAxis) -> Floats | None:
    """Remaining weights of the units `kept` at `parameter_axis`, a row each; `None` if the rows differ in length."""
    units = view.units(parameter_axis)
    order = np.argsort(units, kind="stable")
    low, high = np.searchsorted(units[order], kept), np.searchsorted(units[order], kept, "right")
    if kept.size == 0 or (high - low != high[0] - low[0]).any():
        return None
    positions = order[low[:, None] + np.arange(high[0] - low[0])]
    value = np.moveaxis(view.weights(parameter_axis), parameter_axis.axis, 0)
    others = [
        view.trace.kept(parameter_axis.use, axis, view.removed)
        for axis in range(value.ndim)
        if axis != parameter_axis.axis
    ]
    rows = _keep(value[positions.reshape(-1)], others)
    return np.asarray(rows.reshape(kept.size, -1), np.float32)


def _keep(value: Array, others: list[Mask]) -> Array:
    for axis, kept in enumerate(others, start=1):
        if not kept.all():
            value = np.compress(kept, value, axis)
    return value
