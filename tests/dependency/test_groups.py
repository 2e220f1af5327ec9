"""TRACE: groups of units, roles of their weights, refusals with reasons, patterns."""

from __future__ import annotations

import numpy as np
import pytest

from paoding_onnx.dependency.trace import Group, Role, Trace, gone
from paoding_onnx.errors import UsageError
from paoding_onnx.rules.binding import TensorUse
from tests.models import IMAGES, ROWS, traced

NET = """g (float[N,3,8,8] x) => (float[N,5] y)
    <float[4,3,3,3] a, float[4] ab, float[4] s, float[4] t, float[4] m, float[4] v, float[6,4,3,3] b, float[96,5] c> {
  [first] h = Conv (x, a, ab)
  [norm] n = BatchNormalization (h, s, t, m, v)
  [second] p = Conv (n, b)
  [flat] f = Flatten (p)
  [last] y = MatMul (f, c)
}"""


def roles(group: Group) -> dict[str, str]:
    """Role of each constant's axis, by name and number."""
    return {
        f"{parameter_axis.use.tensor}{parameter_axis.axis}": parameter_axis.role.value
        for parameter_axis in group.parameter_axes
    }


def reason(found: Trace, tensor: str, axis: int) -> tuple[str, str]:
    """Node and reason of a refusal."""
    (refusal,) = (r for r in found.refusals if (r.tensor, r.axis) == (tensor, axis))
    return refusal.node, refusal.reason


def names(found: Trace) -> list[str]:
    return [group.name for group in found.groups]


def test_groups_come_in_the_order_of_the_nodes():
    assert [(group.name, group.n_units) for group in traced(NET).groups] == [("first", 4), ("second", 6)]


def test_units_are_numbered_through():
    assert [(group.start, group.stop) for group in traced(NET).groups] == [(0, 4), (4, 10)]
    assert traced(NET).n_units == 10


def test_roles_of_weights():
    first, second = traced(NET).groups
    assert roles(first) == {
        "a0": "produces", "ab0": "produces", "s0": "follows", "t0": "follows", "m0": "follows", "v0": "follows",
        "b1": "consumes",
    }  # fmt: skip
    assert roles(second) == {"b0": "produces", "c0": "consumes"}


def test_places_with_a_role():
    first, _ = traced(NET).groups
    assert [parameter_axis.use.tensor for parameter_axis in first.having(Role.CONSUMES)] == ["b"]


def test_position_of_no_unit_is_minus_one():
    found = traced(NET)
    assert found.units[TensorUse("a"), 0].tolist() == [0, 1, 2, 3]
    assert found.units[TensorUse("a"), 1].tolist() == [-1, -1, -1]


def test_flattened_positions_name_their_channel():
    assert traced(NET).units[TensorUse("c"), 0].tolist() == np.repeat(np.arange(4, 10), 16).tolist()


def test_kept_positions():
    found = traced(NET)
    removed = np.arange(10) == 5
    assert found.kept(TensorUse("b"), 0, removed).tolist() == [True, False, True, True, True, True]
    assert found.kept(TensorUse("c"), 0, removed).sum() == 80


def test_sizes_of_factors_without_the_removed():
    found = traced(NET)
    removed = np.isin(np.arange(10), [0, 1, 9])
    assert found.sizes(2, removed) == {
        "n": 1, "G": 1, "I": 2, "O": 5, "k0": 3, "k1": 3,
        "b0": 1, "S0": 4, "e0": 1, "b1": 1, "S1": 4, "e1": 1,
    }  # fmt: skip


def test_nothing_is_gone_from_a_trace_without_units():
    assert gone(np.array([-1, -1]), np.zeros(0, bool)).tolist() == [False, False]


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
    assert [group.aligned for group in found.groups] == [(4, 16), ()]


def test_single_unit_makes_no_group():
    found = traced(ROWS + "<float[3,1] a, float[1,5] b> { h = MatMul (x, a) y = MatMul (h, b) }")
    assert found.groups == ()


def test_vectors_alone_make_no_group():
    found = traced("g (float[2,8] x) => (float[2,8] y) <float[8] a> { h = Mul (a, a) y = Add (x, h) }")
    assert found.groups == ()


def test_weight_behind_transpose_has_its_role_where_it_is_used():
    (group,) = traced(
        ROWS
        + """<float[8,3] a, float[5,8] b> {
      at = Transpose (a) bt = Transpose (b) h = MatMul (x, at) y = MatMul (h, bt)
    }"""
    ).groups
    assert roles(group) == {"a0": "produces", "b1": "consumes"}
    assert group.name == "MatMul_2"


def test_vector_shared_by_two_layers_is_placed_in_both_groups():
    first, second = traced(
        IMAGES
        + """
        <float[8,3,1,1] a, float[8,8,1,1] b, float[8] k, float[5,8,1,1] c> {
      p = Conv (x, a, k) q = Conv (p, b, k) y = Conv (q, c)
    }"""
    ).groups
    assert roles(first) == {"a0": "produces", "k0": "produces", "b1": "consumes"}
    assert roles(second) == {"b0": "produces", "k0": "produces", "c1": "consumes"}


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
