"""How far a change of a unit can reach: a bound on what each output of the model can feel of it.

The difference that replacing a unit makes is propagated to the outputs as the paper asks, but soundly: a difference
meets no bias, an activation passes at most the whole of it (slope at most one), weights count with absolute values.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np

from paoding_onnx.dependency.trace import Group, Role
from paoding_onnx.dependency.union_find import Ids
from paoding_onnx.layerwise.weights import Floats, View
from paoding_onnx.rules.binding import BoundNode, TensorUse

MAX_COLUMNS = 1024
"""Outputs beyond this many share columns."""

HUGE = 1e18
"""Bounds grow with every layer; beyond this they are scaled down, all that are still to be compared alike."""

OutputBounds = Mapping[int, Floats]
"""By the number of a group's first unit: `(n_units, n_outputs)`, all entries at least 0."""


def bound_outputs(view: View, groups: Iterable[Group]) -> OutputBounds:
    """The reach of each group's units: entry (u, o) bounds |change of output o| for a change of unit u by at most one.

    An output is a unit of a contracting node that may not go: the model's own outputs, or a layer the user excluded.
    Zero rows mean that no weight lies on the way. In very deep models all entries of a group have a factor in common,
    which no comparison of its units notices.
    """
    wanted = list(groups)
    made_at = {g.start: {p.node_index for p in g.having(Role.PRODUCES)} for g in wanted}
    producers = {bound for parameter_axes in made_at.values() for bound in parameter_axes}
    beyond = _downstream(view, producers)
    bound_nodes = beyond | producers
    columns = _columns(view, bound_nodes)
    n_columns = max((int(ids.max()) + 1 for ids in columns.values()), default=1)
    reached: dict[str, dict[int, Floats]] = {}
    found = {g.start: np.zeros((g.n_units, n_columns), np.float32) for g in wanted}
    whole = 1.0
    for index in sorted(bound_nodes, reverse=True):
        bound = view.trace.bound_nodes[index]
        outgoing = _merged(reached.pop(t.name, {}) for t in bound.node.outputs if t is not None)  # not read again
        for start, parameter_axes in made_at.items():
            if index in parameter_axes and start in outgoing:
                found[start] += outgoing[start]
        if index not in beyond:
            continue  # nobody asks for the output bounds of what comes before the first producers
        weight = _weight(view, bound)
        incoming = (
            outgoing
            if weight is None
            else _contract(view, bound, weight, outgoing, columns.get(index), (n_columns, whole))
        )
        if (peak := max((float(rows.max(initial=0)) for rows in incoming.values()), default=0.0)) > HUGE:
            whole /= peak
            still_open = [found[start] for start, parameter_axes in made_at.items() if min(parameter_axes) < index]
            _shrink([*incoming.values(), *(r for of in reached.values() for r in of.values()), *still_open], peak)
        _hand_up(view, bound, incoming, reached)
    return found


def _downstream(view: View, bound_nodes: set[int]) -> set[int]:
    """All nodes that depend on the given ones."""
    names: set[str] = set()
    found = set()
    for index, bound in enumerate(view.trace.bound_nodes):
        depends = any(t is not None and t.name in names for t in bound.node.inputs)
        if depends:
            found.add(index)
        if depends or index in bound_nodes:
            names |= {t.name for t in bound.node.outputs if t is not None}
    return found


def _weight(view: View, bound: BoundNode) -> tuple[TensorUse, int, int] | None:
    """The weight of a contracting node with the axes that it consumes and produces; `None` where there is none."""
    if bound.rule.contracts is None:
        return None
    made = bound.binding.made
    for use, operand in zip(bound.inputs, bound.binding.inputs, strict=True):
        if use is None or not view.trace.graph.tensors[use.tensor].is_constant or len(operand or ()) < 2:
            continue
        names = [set(axis.free) for axis in operand or ()]
        inside = [k for k, of in enumerate(names) if of and not of & made]
        outside = [k for k, of in enumerate(names) if of & made]
        if inside and outside:
            return use, inside[0], outside[0]
    return None


def _columns(view: View, bound_nodes: set[int]) -> dict[int, Ids]:
    """For each contracting node with outputs that may not go: the column of each, -1 for units."""
    columns: dict[int, Ids] = {}
    total = 0
    for index in sorted(bound_nodes):
        weight = _weight(view, view.trace.bound_nodes[index])
        if weight is None:
            continue
        units = view.trace.units[weight[0], weight[2]]
        ends = units < 0
        if ends.any():
            columns[index] = np.where(ends, total + np.cumsum(ends) - 1, -1)
            total += int(ends.sum())
    if total > MAX_COLUMNS:
        columns = {i: np.where(ids < 0, -1, ids * MAX_COLUMNS // total) for i, ids in columns.items()}
    return columns


def _contract(
    view: View,
    bound: BoundNode,
    weight: tuple[TensorUse, int, int],
    outgoing: Mapping[int, Floats],
    columns: Ids | None,
    outputs: tuple[int, float],
) -> dict[int, Floats]:
    """Output bounds of the units a node consumes: absolute weights times the output bounds of what it produces.

    `outputs` says how many columns there are, and what an output reaches of itself.
    """
    use, inside, outside = weight
    value = view.constant(use.tensor)
    others = tuple(k for k in range(value.ndim) if k not in (inside, outside))
    matrix = np.abs(np.asarray(value, np.float32)).sum(axis=others)
    alpha = bound.rule.contracts.alpha if bound.rule.contracts is not None else 1.0
    matrix = abs(alpha) * (matrix if inside < outside else matrix.T)
    produced = view.trace.units[use, outside]
    rows = np.zeros((produced.size, outputs[0]), np.float32)
    for start, of in outgoing.items():
        inside_group = (produced >= start) & (produced < start + len(of))
        rows[inside_group] = of[produced[inside_group] - start]
    rows[(produced >= 0) & view.removed[produced]] = 0
    if columns is not None:
        rows[columns >= 0, columns[columns >= 0]] = outputs[1]
    return _by_group(view, view.trace.units[use, inside], matrix @ rows)


def _shrink(arrays: Iterable[Floats], factor: float) -> None:
    """Divide each array by `factor`, once where one is listed twice."""
    for array in {id(array): array for array in arrays}.values():
        array /= np.float32(factor)


def _by_group(view: View, units: Ids, rows: Floats) -> dict[int, Floats]:
    found = {}
    for group in view.trace.groups:
        here = (units >= group.start) & (units < group.stop)
        if here.any():
            found[group.start] = np.zeros((group.n_units, rows.shape[1]), np.float32)
            np.add.at(found[group.start], units[here] - group.start, rows[here])
    return found


def _hand_up(
    view: View, bound: BoundNode, incoming: Mapping[int, Floats], reached: dict[str, dict[int, Floats]]
) -> None:
    """Add what a node passes on to the output bounds of its inputs, each input taking the groups it carries."""
    scaled = _scaled(view, bound, incoming)
    for tensor, use in zip(bound.node.inputs, bound.inputs, strict=True):
        if tensor is None or tensor.is_constant or use is None:
            continue
        carried = _carried(view, use, len(tensor.shape or ()))
        mine = {start: rows for start, rows in scaled.items() if start in carried}
        reached[tensor.name] = _merged((reached.get(tensor.name, {}), mine))


def _scaled(view: View, bound: BoundNode, incoming: Mapping[int, Floats]) -> Mapping[int, Floats]:
    """The output bounds before a node that gives each unit a gain."""
    affine = bound.rule.affine
    use = bound.inputs[affine.operand] if affine is not None else None
    if affine is None or use is None:
        return incoming
    if affine.gain.size == 1:
        scale = abs(float(affine.gain[0]))
        return incoming if scale == 1 else {start: rows * np.float32(scale) for start, rows in incoming.items()}
    axis = int(np.argmax([ids.size for ids in (view.trace.units[use, k] for k in _axes(view, use))]))
    units = view.trace.units[use, axis]
    scaled = {}
    for start, rows in incoming.items():
        inside = (units >= start) & (units < start + len(rows))
        gains = np.ones(len(rows), np.float32)
        gains[units[inside] - start] = np.abs(np.asarray(affine.gain, np.float32)[inside])
        scaled[start] = rows * gains[:, None]
    return scaled


def _axes(view: View, use: TensorUse) -> range:
    return range(len(view.trace.graph.tensors[use.tensor].shape or ()))


def _carried(view: View, use: TensorUse, ndim: int) -> set[int]:
    """First units of the groups that have units on a tensor."""
    starts = np.array([group.start for group in view.trace.groups])
    units = np.concatenate([view.trace.units[use, axis] for axis in range(ndim)]) if ndim else np.zeros(0, np.int64)
    grouped = units[(units >= 0) & (units < view.trace.n_grouped)]
    found = np.unique(np.searchsorted(starts, np.unique(grouped), "right") - 1)
    return {int(starts[k]) for k in found}


def _merged(parts: Iterable[Mapping[int, Floats]]) -> dict[int, Floats]:
    total: dict[int, Floats] = {}
    for part in parts:
        for start, rows in part.items():
            total[start] = total[start] + rows if start in total else rows
    return total
