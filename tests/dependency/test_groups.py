"""GROUPS: units that are ranked together, their names and order, refusals with reasons, patterns."""

from __future__ import annotations

import pytest

from paoding_onnx.dependency.trace import Trace
from paoding_onnx.errors import UsageError
from tests.models import IMAGES, NET, ROWS, traced


def reason(found: Trace, tensor: str, axis: int) -> tuple[str, str]:
    """Node and reason of a refusal."""
    (refusal,) = (r for r in found.refusals if (r.tensor, r.axis) == (tensor, axis))
    return refusal.node, refusal.reason


def names(found: Trace) -> list[str]:
    return [group.name for group in found.groups]


def test_groups_come_in_the_order_of_the_nodes():
    assert [(group.name, group.n_units) for group in traced(NET).groups] == [("first", 4), ("second", 6)]


def test_input_and_output_are_refused():
    found = traced(NET)
    assert reason(found, "a", 1) == ("first", "graph input 'x'")
    assert reason(found, "c", 1) == ("last", "graph output 'y'")
    assert len(found.refusals) == 2


def test_operator_without_a_rule_is_refused_once_as_a_node():
    found = traced(
        ROWS
        + """<float[3,8] a, float[8,5] b> {
      h = MatMul (x, a) [noise] v = RandomNormalLike (h) y = MatMul (v, b)
    }"""
    )
    assert reason(found, "", -1) == ("noise", "no rule for this operator")
    assert reason(found, "a", 1) == ("noise", "no rule for this operator")
    assert found.groups == ()
    assert found.n_units == 0


def test_choice_between_factors_is_kept():
    found = traced(
        IMAGES
        + """<float[8,3,1,1] a, float[8,4,1,1] b, float[5,8,1,1] c> {
      p = Conv (x, a) [grouped] q = Conv <group=2> (p, b) y = Conv (q, c)
    }"""
    )
    assert [choice.node for choice in found.choices] == ["grouped"]
    assert [(group.name, group.n_units) for group in found.groups] == [("Conv_0", 4), ("grouped", 4)]


def test_axis_that_shrinks_along_another_factor_is_refused():
    found = traced(
        IMAGES
        + """<float[8,3,1,1] a, float[48] b, int64[4] four={6,8,1,1}, float[5,6,1,1] c> {
      p = Conv (x, a) br = Reshape (b, four) [second] q = Conv (p, br) y = Conv (q, c)
    }"""
    )
    assert names(found) == ["Conv_0"]
    assert reason(found, "c", 1) == ("Reshape_1", "its axis of 6 x 8 shrinks along another factor")


def test_mean_over_units_is_inexact():
    found = traced(
        IMAGES
        + """<float[8,3,1,1] a, float[6,3,1,1] b, float[5,6,1,1] c> {
      p = Conv (x, a) m = ReduceMean <axes=[1]> (p) q = Conv (x, b) r = Mul (q, m) y = Conv (r, c)
    }"""
    )
    assert [(group.n_units, group.is_exact) for group in found.groups] == [(8, False), (6, True)]


def test_group_knows_which_counts_its_kernels_like():
    found = traced("""g (float[2,3,4,4] x) => (float[2,5] y)
        <float[8,3,1,1] a, float[8,1,1,1] b, float[8,6] c, float[6,5] d> {
      p = Conv (x, a) q = Conv <group=8> (p, b) m = GlobalAveragePool (q) f = Flatten (m)
      h = MatMul (f, c) y = MatMul (h, d)
    }""")
    assert [group.channel_multiples for group in found.groups] == [(4, 16), ()]


def test_single_unit_makes_no_group():
    found = traced(ROWS + "<float[3,1] a, float[1,5] b> { h = MatMul (x, a) y = MatMul (h, b) }")
    assert found.groups == ()


def test_vectors_alone_make_no_group():
    found = traced("g (float[2,8] x) => (float[2,8] y) <float[8] a> { h = Mul (a, a) y = Add (x, h) }")
    assert found.groups == ()


@pytest.mark.parametrize("pattern", ["first", "fir*", "ab", "h", "[fg]irst"])
def test_excluded_node_keeps_its_units(pattern):
    found = traced(NET, exclude=[pattern])
    assert names(found) == ["second"]
    assert reason(found, "b", 1) == ("first", "excluded by the user")


def test_excluding_everything_leaves_no_group():
    assert traced(NET, exclude=["*"]).groups == ()


def test_only_names_the_producing_node():
    assert names(traced(NET, only=["second"])) == ["second"]
    assert names(traced(NET, only=["b"])) == ["second"]
    assert names(traced(NET, only=["first", "second"])) == ["first", "second"]


def test_exclude_goes_before_only():
    assert names(traced(NET, only=["*"], exclude=["first"])) == ["second"]


@pytest.mark.parametrize("option", ["exclude", "only"])
def test_pattern_that_matches_nothing_is_a_usage_error(option):
    with pytest.raises(UsageError, match=f"--{option} 'secnod' matches no node or initializer"):
        traced(NET, **{option: ["first", "secnod"]})
