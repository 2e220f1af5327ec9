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


def test_bias_that_is_added_behind_its_layer_follows():
    (group,) = traced(
        ROWS + "<float[3,8] a, float[8] k, float[8,5] b> { p = MatMul (x, a) q = Add (p, k) y = MatMul (q, b) }"
    ).groups
    assert roles(group) == {"a1": "produces", "k0": "follows", "b0": "consumes"}


def test_weight_from_hidden_units_to_hidden_units_produces_and_consumes():
    """Rows of `w` and `r` make the units of a recurrent layer, columns of `r` read those of the step before."""
    (group,) = traced("""g (float[7,2,6] x) => (float[7,2,3] y) <float[1,8,6] w, float[1,8,8] r, float[8,3] a> {
      p = RNN <hidden_size=8> (x, w, r) axes = Constant <value = int64[1] {1}> () q = Squeeze (p, axes)
      y = MatMul (q, a)
    }""").groups
    assert roles(group) == {"w1": "produces", "r1": "produces", "r2": "produces", "a0": "consumes"}


def test_weight_that_one_node_reads_by_units_and_another_contracts_has_its_role_there():
    (group,) = traced(
        ROWS + "<float[3,8] a, float[3,8] s, float[8,5] b> { t = Mul (a, s) h = MatMul (x, t) y = MatMul (h, b) }"
    ).groups
    assert roles(group) == {"a1": "produces", "s1": "follows", "b0": "consumes"}


def test_weight_behind_several_nodes_has_its_role_where_it_is_used():
    (group,) = traced(
        ROWS
        + """<float[2,4,3] a, int64[2] flat={8,3}, float[8,5] b> {
      m = Reshape (a, flat) t = Transpose (m) h = MatMul (x, t) y = MatMul (h, b)
    }"""
    ).groups
    assert {role for name, role in roles(group).items() if name.startswith("a")} == {"produces"}


def test_matrix_that_two_layers_read_keeps_the_role_it_has_first():
    groups = traced("""g (float[2,8] x) => (float[2,8] y) <float[8,12] a, float[12,8] b> {
      p = MatMul (x, a) q = MatMul (p, b) r = MatMul (q, a) y = MatMul (r, b)
    }""").groups
    assert [roles(group) for group in groups] == [{"a1": "produces", "b0": "consumes"}]


def test_places_come_in_the_order_of_the_nodes():
    first, _ = traced(NET).groups
    numbers = [parameter_axis.node_index for parameter_axis in first.parameter_axes]
    assert numbers == sorted(numbers)


def test_bias_before_words_that_were_picked_and_multiplied_is_no_weight():
    _, inner = traced("""g (int64[N] x) => (float[N,3] y)
      <float[10,5] words, float[5,8] a, float[8] ab, float[8,4] b, float[4,3] c> {
      w = Gather (words, x) p = MatMul (w, a) h = Add (ab, p) t = Tanh (h) r = MatMul (t, b) y = MatMul (r, c)
    }""").groups[:2]
    assert roles(inner) == {"a1": "produces", "ab0": "follows", "b0": "consumes"}
