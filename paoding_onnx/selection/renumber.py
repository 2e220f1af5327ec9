"""Two traces that number the same groups of units differently: what is known by one in terms of the other."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from types import MappingProxyType

from paoding_onnx.dependency.cost import unread
from paoding_onnx.dependency.trace import Group, Trace
from paoding_onnx.selection.profile import Profile
from paoding_onnx.surgery.plan import Plan, make_plan


def covers(one: Trace, other: Trace) -> bool:
    """Whether a trace has all groups of the other one, by name and number of units, in any order; it may have more."""
    first, second = ({group.name: group.n_units for group in trace.groups} for trace in (one, other))
    return second.items() <= first.items() and len(first) == len(one.groups) and len(second) == len(other.groups)


def renumbered_profile(profile: Profile, trace: Trace, other: Trace) -> Profile:
    """A profile of `trace` for the groups of `other`, with its numbers; what layers are fitted on stays as it is."""
    orders, curves = {}, {one.group: one for one in profile.sensitivities}
    for group, new in _pairs(trace, other):
        shift = new.start - group.start
        orders[new.start] = tuple(replace(one, unit=one.unit + shift) for one in profile.orders[group.start])
    sensitivities = tuple(curves[group.name] for group in other.groups) if curves else ()
    return replace(profile, orders=MappingProxyType(orders), sensitivities=sensitivities)


def renumbered_plan(plan: Plan, trace: Trace, other: Trace) -> Plan:
    """A plan of `trace` with units as `other` numbers them."""
    removed = unread(other)
    for group, new in _pairs(trace, other):
        removed[new.start : new.stop] = plan.removed[group.start : group.stop]
    return make_plan(removed)


def _pairs(trace: Trace, other: Trace) -> Iterator[tuple[Group, Group]]:
    """Each group that both have, in both."""
    named = {group.name: group for group in other.groups}
    return ((group, named[group.name]) for group in trace.groups if group.name in named)
