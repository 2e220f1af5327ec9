"""Branches that went are named by their sums, in plans too."""

from __future__ import annotations

import pytest

from paoding_onnx.errors import UsageError
from paoding_onnx.surgery.shallower import deep, gone_by, named
from tests.models import model
from tests.residuals import BLOCKS


def test_branches_are_named_by_what_their_sums_make():
    found = deep(model(BLOCKS))
    (residual,) = named(found, ["t2"])
    assert residual.branch == "d2"
    assert [node.op_type for node in found.without([residual]).proto.graph.node].count("Identity") == 1


def test_sum_without_a_branch_is_refused():
    with pytest.raises(UsageError, match="'y' is no sum with a branch"):
        named(deep(model(BLOCKS)), ["y"])


def test_plan_names_sums():
    assert gone_by({"depth": ["t1"]}) == ("t1",)
    assert gone_by({}) == gone_by(None) == ()


@pytest.mark.parametrize("said", ["t1", [1], {"t1": 1}])
def test_plan_that_names_none_is_refused(said):
    with pytest.raises(UsageError, match="'depth' is no list of names"):
        gone_by({"depth": said})
