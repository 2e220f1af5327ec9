"""TRACE: a `Graph` becomes groups of units, with what each axis of each tensor loses when a unit goes. Cuts nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from paoding_onnx.dependency.coupling import Coupling, coupled
from paoding_onnx.dependency.held import given_axes, held_axes
from paoding_onnx.dependency.measured import measured_factors
from paoding_onnx.dependency.roles import parameter_axes_of
from paoding_onnx.dependency.scope import EVERYTHING, Scope, matches
from paoding_onnx.dependency.trace import Group, ParameterAxis, Refusal, Role, Trace
from paoding_onnx.dependency.union_find import Ids, distinct
from paoding_onnx.dependency.unread import unread_sets
from paoding_onnx.model.graph import Graph
from paoding_onnx.rules.binding import BoundNode, TensorUse
from paoding_onnx.rules.equation import Operand


def trace(graph: Graph, scope: Scope = EVERYTHING) -> Trace:
    """The trace of `graph` (what `paoding_onnx.shapes.observe.observe` returns) within a scope.

    Raises:
        UsageError: if a pattern matches nothing.
    """
    coupling = coupled(graph, scope)
    parameter_axes = parameter_axes_of(graph, coupling)
    members = _members(coupling, parameter_axes)
    if scope.only:
        members = [m for m in members if _is_made_at(m.parameter_axes, coupling.bound_nodes, scope.only)]
    groups, numbers = _groups(coupling, members)
    inexact = [group for group in groups if scope.exact_only and not group.is_exact]
    if inexact:
        members = [m for m, group in zip(members, groups, strict=True) if group.is_exact]
        groups, numbers = _groups(coupling, members)
    rest = unread_sets(graph, coupling, scope)
    numbers[rest] = groups[-1].stop if groups else 0
    return Trace(
        graph=graph,
        bound_nodes=coupling.bound_nodes,
        units=MappingProxyType({key: numbers[sets] for key, sets in coupling.axes.items()}),
        factors=tuple(MappingProxyType({n: numbers[sets] for n, sets in of.items()}) for of in coupling.factors),
        groups=groups,
        refusals=(*_refusals(graph, coupling), *_excluded(inexact, coupling)),
        choices=coupling.choices,
        frozen=coupling.frozen,
        made_of=coupling.made_of,
        measured=MappingProxyType(dict(measured_factors(graph, coupling.bound_nodes))),
        held=tuple(held_axes(graph, coupling, None if scope.only or scope.exact_only else numbers)),
        given=MappingProxyType(given_axes(graph, coupling)),
        n_unread=int(rest.size > 0),
    )


@dataclass(frozen=True, slots=True)
class _Members:
    """The sets (in ascending order) that make up one group, and where they live."""

    sets: Ids
    parameter_axes: tuple[ParameterAxis, ...]


def _members(coupling: Coupling, parameter_axes: Sequence[ParameterAxis]) -> list[_Members]:
    """Sets that may go, put together by the axes they live on; ordered by where they first appear."""
    pairs = [distinct(coupling.axes[parameter_axis.use, parameter_axis.axis]) for parameter_axis in parameter_axes]
    if not pairs:
        return []
    sets = np.concatenate(pairs)
    where = np.repeat(np.arange(len(parameter_axes)), [ids.size for ids in pairs])
    free = coupling.causes[sets] < 0
    order = np.lexsort((where[free], sets[free]))
    sets, where = sets[free][order], where[free][order]
    starts = np.flatnonzero(np.r_[True, sets[1:] != sets[:-1]]) if sets.size else np.zeros(0, int)
    grouped: dict[bytes, list[int]] = {}
    signatures: dict[bytes, NDArray[np.intp]] = {}
    for first, stop in pairwise((*starts.tolist(), sets.size)):
        signature = where[first:stop]
        grouped.setdefault(signature.tobytes(), []).append(int(sets[first]))
        signatures[signature.tobytes()] = signature
    members = [_Members(np.array(grouped[key]), tuple(parameter_axes[k] for k in signatures[key])) for key in grouped]
    useful = (m for m in members if m.sets.size > 1 and any(p.role is not Role.FOLLOWS for p in m.parameter_axes))
    return sorted(useful, key=lambda m: int(m.sets[0]))


def _groups(coupling: Coupling, members: Sequence[_Members]) -> tuple[tuple[Group, ...], Ids]:
    """The groups, and the unit number of every set (-1 for none)."""
    numbers = np.full(coupling.causes.size, -1, np.int64)
    groups: list[Group] = []
    named: Counter[str] = Counter()
    start = 0
    for member in members:
        stop = start + member.sets.size
        numbers[member.sets] = np.arange(start, stop)
        group = _group(coupling, member, start, stop)
        named[group.name] += 1
        count = named[group.name]
        groups.append(group if count == 1 else replace(group, name=f"{group.name} ({count})"))
        start = stop
    return _facts(coupling, groups, numbers), numbers


def _group(coupling: Coupling, member: _Members, start: int, stop: int) -> Group:
    first = next((p for p in member.parameter_axes if p.role is Role.PRODUCES), member.parameter_axes[0])
    return Group(
        coupling.bound_nodes[first.node_index].node.name,
        start,
        stop,
        member.parameter_axes,
        is_exact=True,
        channel_multiples=(),
    )


def _facts(coupling: Coupling, groups: Sequence[Group], numbers: Ids) -> tuple[Group, ...]:
    """The groups with what the nodes they pass through say: exactness, counts that kernels like, how many must stay."""
    starts = np.array([group.start for group in groups])
    inexact: set[int] = set()
    liked: dict[int, set[int]] = {}
    least: dict[int, int] = {}
    for bound, of in zip(coupling.bound_nodes, coupling.factors, strict=True):
        for name, sets in of.items():
            units = numbers[sets]
            met = set((np.searchsorted(starts, distinct(units[units >= 0]), "right") - 1).tolist())
            inexact |= met if name in bound.binding.mixed else set()
            for index in met if name in bound.rule.least else ():
                least[index] = max(least.get(index, 1), bound.rule.least[name])
            multiple = bound.rule.contracts.channel_multiple if bound.rule.contracts is not None else 1
            for index in met if multiple > 1 else ():
                liked.setdefault(index, set()).add(multiple)
    return tuple(
        replace(
            group,
            is_exact=index not in inexact,
            channel_multiples=tuple(sorted(liked.get(index, ()))),
            least=least.get(index, 1),
        )
        for index, group in enumerate(groups)
    )


def _refusals(graph: Graph, coupling: Coupling) -> tuple[Refusal, ...]:
    """Nodes without a rule, then weight axes with positions that are pinned though the operator would let them go."""
    nodes = (
        Refusal(bound.node.operator, bound.node.name, "", -1, bound.rule.because.words)
        for bound in coupling.bound_nodes
        if not bound.has_rule
    )
    axes = (
        _refusal(bound, use, axis, coupling)
        for bound in coupling.bound_nodes
        for use, operand in zip(bound.inputs, bound.binding.inputs, strict=True)
        if use is not None and _is_weight(bound, use, operand, graph)
        for axis, parts in enumerate(operand or ())
        if parts.free
    )
    return tuple(dict.fromkeys(refusal for refusal in (*nodes, *axes) if refusal is not None))


def _is_weight(bound: BoundNode, use: TensorUse, operand: Operand | None, graph: Graph) -> bool:
    """Whether an operand of a contracting node is a constant of more than one axis."""
    return bound.rule.contracts is not None and graph.tensors[use.tensor].is_constant and len(operand or ()) > 1


def _excluded(groups: Sequence[Group], coupling: Coupling) -> Iterator[Refusal]:
    """The weight axes of groups that are left out for being inexact."""
    for group in groups:
        for parameter_axis in group.parameter_axes:
            node = coupling.bound_nodes[parameter_axis.node_index].node
            if parameter_axis.role is not Role.FOLLOWS:
                message = f"removing units of {group.name!r} is inexact, and only exact ones may go"
                yield Refusal(node.operator, node.name, parameter_axis.use.tensor, parameter_axis.axis, message)


def _refusal(bound: BoundNode, use: TensorUse, axis: int, coupling: Coupling) -> Refusal | None:
    """Why positions of a weight axis are pinned; `None` if none is, or there is only one."""
    causes = coupling.causes[coupling.axes[use, axis]]
    if causes.size < 2 or not (causes >= 0).any():
        return None
    cause = coupling.reasons[int(causes[causes >= 0].min())]
    return Refusal(cause.operator or bound.node.operator, cause.node or bound.node.name, use.tensor, axis, cause.reason)


def _is_made_at(
    parameter_axes: Sequence[ParameterAxis], bound_nodes: Sequence[BoundNode], patterns: Sequence[str]
) -> bool:
    return any(matches(bound_nodes[p.node_index].node, patterns) for p in parameter_axes if p.role is Role.PRODUCES)
