"""TRACE: a `Graph` becomes groups of units, with what each axis of each tensor loses when a unit goes. Cuts nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from paoding_onnx.dependency.composite_axes import Choice
from paoding_onnx.dependency.coupling import Coupling
from paoding_onnx.dependency.roles import Place, Role, places_of
from paoding_onnx.dependency.scope import EVERYTHING, Scope, coupled, matches
from paoding_onnx.dependency.shape_arithmetic import DataUse, Entries
from paoding_onnx.dependency.union_find import Ids
from paoding_onnx.model.graph import Array, Graph
from paoding_onnx.rules.binding import Site, Slot
from paoding_onnx.rules.equation import is_fixed

Mask = NDArray[np.bool_]
"""True for a unit that goes (or a position that stays, where a name says `kept`)."""


@dataclass(frozen=True, slots=True)
class Group:
    """Units that live on the same axes and are ranked together: the numbers `start` to `stop` - 1 of the trace.

    `aligned` are the channel counts whose multiples the kernels of its nodes like, ascending.
    """

    name: str
    start: int
    stop: int
    places: tuple[Place, ...]
    is_exact: bool
    aligned: tuple[int, ...]

    @property
    def n_units(self) -> int:
        """How many units the group has."""
        return self.stop - self.start

    def having(self, role: Role) -> tuple[Place, ...]:
        """The places with a role, in the order of the nodes."""
        return tuple(place for place in self.places if place.role is role)

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
class Trace:
    """Everything the later stages need to know about a graph.

    `units` and `factors` give the unit number of every position of an axis or factor, -1 where no unit may go. `frozen`
    are sizes that nodes compute with and that must stay what they were; `made_of` says which sizes the entries of each
    tensor of shape arithmetic come from.
    """

    graph: Graph
    sites: tuple[Site, ...]
    units: Mapping[tuple[Slot, int], Ids]
    factors: tuple[Mapping[str, Ids], ...]
    groups: tuple[Group, ...]
    refusals: tuple[Refusal, ...]
    choices: tuple[Choice, ...]
    frozen: tuple[DataUse, ...]
    made_of: Mapping[str, Entries]

    @property
    def n_units(self) -> int:
        """How many units all groups have together."""
        return self.groups[-1].stop if self.groups else 0

    def kept(self, slot: Slot, axis: int, removed: Mask) -> Mask:
        """Which positions of an axis stay when the units in `removed` `(n_units,)` go."""
        return ~gone(self.units[slot, axis], removed)

    def kept_part(self, name: str, array: Array, removed: Mask) -> Array:
        """What stays of `array`, the content of tensor `name`, when units go."""
        for axis in range(array.ndim):
            if (Slot(name), axis) in self.units:
                kept = self.kept(Slot(name), axis, removed)
                array = array if kept.all() else np.compress(kept, array, axis)
        return array

    def sizes(self, site: int, removed: Mask) -> dict[str, int]:
        """Size of every factor of a site when the units in `removed` go."""
        return {name: int(np.count_nonzero(~gone(ids, removed))) for name, ids in self.factors[site].items()}

    def shrinks(self, name: str, entry: int, n_entries: int, removed: Mask) -> bool:
        """Whether a size that entry number `entry` of shape arithmetic is made of changes when units go."""
        made_of = self.made_of.get(name, ())
        sources = made_of[entry] if len(made_of) == n_entries else frozenset().union(*made_of)
        return any(not self.kept(slot, axis, removed).all() for slot, axis in sources)

    def frozen_values(self, removed: Mask) -> Iterator[tuple[DataUse, Array]]:
        """The frozen uses whose sizes change when the units in `removed` go, each with the value it must keep."""
        for use in self.frozen:
            tensor = self.sites[use.site].node.inputs[use.operand]
            changes = any(not self.kept(slot, axis, removed).all() for slot, axis in use.sources)
            if changes and tensor is not None and tensor.value is not None:
                yield use, tensor.value


def gone(units: Ids, removed: Mask) -> Mask:
    """Which positions go with the units in `removed`; positions of no unit (-1) never do.

    >>> gone(np.array([0, -1, 1]), np.array([False, True])).tolist()
    [False, False, True]
    """
    if not removed.size:
        return np.zeros(units.shape, np.bool_)
    return (units >= 0) & removed[units]


def trace(graph: Graph, scope: Scope = EVERYTHING) -> Trace:
    """The trace of `graph` (what `paoding_onnx.shapes.observe.observe` returns) within a scope.

    Raises:
        UsageError: if a pattern matches nothing.
    """
    coupling = coupled(graph, scope)
    places = places_of(graph, coupling)
    members = _members(coupling, places)
    if scope.only:
        members = [m for m in members if _is_made_at(m.places, coupling.sites, scope.only)]
    groups, numbers = _groups(coupling, members)
    inexact = [group for group in groups if scope.exact_only and not group.is_exact]
    if inexact:
        members = [m for m, group in zip(members, groups, strict=True) if group.is_exact]
        groups, numbers = _groups(coupling, members)
    return Trace(
        graph=graph,
        sites=coupling.sites,
        units=MappingProxyType({key: numbers[sets] for key, sets in coupling.axes.items()}),
        factors=tuple(MappingProxyType({n: numbers[sets] for n, sets in of.items()}) for of in coupling.factors),
        groups=groups,
        refusals=(*_refusals(graph, coupling), *_excluded(inexact, coupling)),
        choices=coupling.choices,
        frozen=coupling.frozen,
        made_of=coupling.made_of,
    )


@dataclass(frozen=True, slots=True)
class _Members:
    """The sets (in ascending order) that make up one group, and where they live."""

    sets: Ids
    places: tuple[Place, ...]


def _members(coupling: Coupling, places: Sequence[Place]) -> list[_Members]:
    """Sets that may go, put together by the axes they live on; ordered by where they first appear."""
    pairs = [np.unique(coupling.axes[place.slot, place.axis]) for place in places]
    if not pairs:
        return []
    sets = np.concatenate(pairs)
    where = np.repeat(np.arange(len(places)), [ids.size for ids in pairs])
    free = coupling.causes[sets] < 0
    order = np.lexsort((where[free], sets[free]))
    sets, where = sets[free][order], where[free][order]
    starts = np.flatnonzero(np.r_[True, sets[1:] != sets[:-1]]) if sets.size else np.zeros(0, int)
    grouped: dict[bytes, list[int]] = {}
    signatures: dict[bytes, NDArray[np.intp]] = {}
    for first, signature in zip(starts, np.split(where, starts[1:]), strict=True) if sets.size else ():
        grouped.setdefault(signature.tobytes(), []).append(int(sets[first]))
        signatures[signature.tobytes()] = signature
    members = [_Members(np.array(grouped[key]), tuple(places[k] for k in signatures[key])) for key in grouped]
    useful = (m for m in members if m.sets.size > 1 and any(p.role is not Role.FOLLOWS for p in m.places))
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
    first = next((p for p in member.places if p.role is Role.PRODUCES), member.places[0])
    return Group(coupling.sites[first.site].node.name, start, stop, member.places, is_exact=True, aligned=())


def _facts(coupling: Coupling, groups: Sequence[Group], numbers: Ids) -> tuple[Group, ...]:
    """The groups with what the sites they pass through say: exactness, and the counts their kernels like."""
    starts = np.array([group.start for group in groups])
    inexact: set[int] = set()
    aligned: dict[int, set[int]] = {}
    for site, of in zip(coupling.sites, coupling.factors, strict=True):
        for name, sets in of.items():
            units = numbers[sets]
            met = set((np.searchsorted(starts, np.unique(units[units >= 0]), "right") - 1).tolist())
            inexact |= met if name in site.bound.mixed else set()
            for index in met if site.rule.aligned > 1 else ():
                aligned.setdefault(index, set()).add(site.rule.aligned)
    return tuple(
        Group(g.name, g.start, g.stop, g.places, index not in inexact, tuple(sorted(aligned.get(index, ()))))
        for index, g in enumerate(groups)
    )


def _refusals(graph: Graph, coupling: Coupling) -> tuple[Refusal, ...]:
    """Nodes without a rule, then weight axes with positions that are pinned though the operator would let them go."""
    nodes = (
        Refusal(site.node.operator, site.node.name, "", -1, site.rule.why)
        for site in coupling.sites
        if not site.has_rule
    )
    axes = (
        _refusal(site, slot, axis, coupling)
        for site in coupling.sites
        for slot, operand in zip(site.inputs, site.bound.inputs, strict=True)
        if slot is not None and site.rule.macs and graph.tensors[slot.tensor].is_constant and len(operand or ()) > 1
        for axis, parts in enumerate(operand or ())
        if any(not is_fixed(name) for segment in parts for name in segment)
    )
    return tuple(dict.fromkeys(refusal for refusal in (*nodes, *axes) if refusal is not None))


def _excluded(groups: Sequence[Group], coupling: Coupling) -> Iterator[Refusal]:
    """The weight axes of groups that are left out for being inexact."""
    for group in groups:
        for place in group.places:
            node = coupling.sites[place.site].node
            if place.role is not Role.FOLLOWS:
                words = f"removing units of {group.name!r} is inexact, and only exact ones may go"
                yield Refusal(node.operator, node.name, place.slot.tensor, place.axis, words)


def _refusal(site: Site, slot: Slot, axis: int, coupling: Coupling) -> Refusal | None:
    """Why positions of a weight axis are pinned; `None` if none is, or there is only one."""
    causes = coupling.causes[coupling.axes[slot, axis]]
    if causes.size < 2 or not (causes >= 0).any():
        return None
    cause = coupling.reasons[int(causes[causes >= 0].min())]
    return Refusal(cause.operator or site.node.operator, cause.node or site.node.name, slot.tensor, axis, cause.reason)


def _is_made_at(places: Sequence[Place], sites: Sequence[Site], patterns: Sequence[str]) -> bool:
    return any(matches(sites[p.site].node, patterns) for p in places if p.role is Role.PRODUCES)
