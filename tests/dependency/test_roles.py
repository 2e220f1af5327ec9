"""Roles: what each constant does for the units on its axes, wherever it reaches the node that contracts them."""

from __future__ import annotations

from paoding_onnx.dependency.trace import Group
from tests.models import IMAGES, NET, ROWS, traced


def roles(group: Group) -> dict[str, str]:
    """Role of each constant's axis, by name and number."""
    return {
        f"{parameter_axis.use.tensor}{parameter_axis.axis}": parameter_axis.role.value
        for parameter_axis in group.parameter_axes
    }


def test_roles_of_weights():
    first, second = traced(NET).groups
    assert roles(first) == {
        "a0": "produces", "ab0": "produces", "s0": "follows", "t0": "follows", "m0": "follows", "v0": "follows",
        "b1": "consumes",
    }  # fmt: skip
    assert roles(second) == {"b0": "produces", "c0": "consumes"}


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
