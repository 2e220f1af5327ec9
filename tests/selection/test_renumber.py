"""What is known of units holds in another trace of the same groups, whatever their order."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from paoding_onnx.layerwise.weights import Candidate
from paoding_onnx.selection.curve import Sensitivity
from paoding_onnx.selection.profile import Profile
from paoding_onnx.selection.renumber import covers, renumbered_plan, renumbered_profile
from paoding_onnx.surgery.plan import make_plan
from tests.models import NET, model
from tests.pruning import MLP, traced_model


@pytest.fixture
def trace():
    return traced_model(model(NET))


@pytest.fixture
def turned(trace):
    """The same, its groups in the other order."""
    groups, start = [], 0
    for group in reversed(trace.groups):
        groups.append(replace(group, start=start, stop=start + group.n_units))
        start += group.n_units
    return replace(trace, groups=tuple(groups))


def test_plan_takes_the_same_units_of_each_group(trace, turned):
    removed = np.zeros(trace.n_units, np.bool_)
    removed[[1, 4, 5]] = True
    plan = renumbered_plan(make_plan(removed), trace, turned)
    for group in trace.groups:
        (other,) = (one for one in turned.groups if one.name == group.name)
        assert np.array_equal(plan.removed[other.start : other.stop], removed[group.start : group.stop])
    assert np.array_equal(renumbered_plan(plan, turned, trace).removed, removed)


def test_profile_has_the_same_order_in_each_group_and_curves_in_the_order_of_the_trace(trace, turned):
    orders = {
        one.start: tuple(Candidate(unit, float(unit)) for unit in range(one.start, one.stop)) for one in trace.groups
    }
    curves = tuple(Sensitivity(group.name, (1,), (0.5,)) for group in trace.groups)
    found = renumbered_profile(Profile(None, orders, curves), trace, turned)
    for group in turned.groups:
        assert [one.unit for one in found.orders[group.start]] == list(range(group.start, group.stop))
    assert [one.group for one in found.sensitivities] == [group.name for group in turned.groups]


def test_trace_covers_another_one_whatever_the_order_of_its_groups(trace, turned):
    part = replace(turned, groups=turned.groups[:1])
    assert covers(trace, turned)
    assert covers(trace, part)
    assert not covers(part, trace)
    assert not covers(trace, traced_model(model(MLP)))


def test_groups_that_one_trace_has_alone_keep_all_units(trace, turned):
    part = replace(turned, groups=turned.groups[:1])
    removed = np.zeros(part.n_units, np.bool_)
    removed[0] = True
    assert renumbered_plan(make_plan(removed), part, trace).removed.sum() == 1
    orders = {one.start: tuple(Candidate(unit, 0.0) for unit in range(one.start, one.stop)) for one in trace.groups}
    found = renumbered_profile(Profile(None, orders), trace, part)
    assert list(found.orders) == [part.groups[0].start]
