"""Ids are followed to where they are used, and models that compute with them are refused."""

from __future__ import annotations

import pytest

from paoding_onnx.errors import UsageError
from paoding_onnx.rules.binding import bind_nodes
from paoding_onnx.shapes.observe import observe
from paoding_onnx.vocabulary.lookups import ids_of
from tests.models import model
from tests.tokens import PADDED, TIED


def ids(text):
    """What is found in the model that ONNX text describes."""
    given = model(text)
    graph = observe(given)
    return ids_of(graph, bind_nodes(graph), given.inputs)


def test_table_is_found_with_its_rows():
    (found,) = ids(TIED)
    assert (found.name, found.n_rows, found.compared) == ("ids", 12, ())


def test_comparison_with_a_constant_is_found():
    (found,) = ids(PADDED)
    assert found.compared == ((0, 1),)


def test_ids_are_followed_through_what_hands_them_on():
    (found,) = ids(
        """g (int64[2,5] ids) => (float[2,3] y)
           <float[12,6] table, float[6,3] a, int64[1] flat = {-1}, int64 first = {0}> {
        r = Gather <axis=1> (ids, first) c = Cast <to=6> (r) s = Reshape (c, flat)
        e = Gather (table, s) y = MatMul (e, a) }"""
    )
    assert found.n_rows == 12


def test_largest_table_is_the_vocabulary():
    (found,) = ids(
        """g (int64[2,5] ids, int64[2,5] kinds) => (float[2,5,3] y) <float[12,6] table, float[2,6] two, float[6,3] a> {
        e = Gather (table, ids) k = Gather (two, kinds) s = Add (e, k) y = MatMul (s, a) }"""
    )
    assert found.name == "ids"


def test_positions_are_no_ids_however_many_there_are():
    (found,) = ids(
        """g (int64[2,5] ids, int64[2,5] position_ids) => (float[2,5,3] y)
           <float[12,6] table, float[99,6] where, float[6,3] a> {
        e = Gather (table, ids) k = Gather (where, position_ids) s = Add (e, k) y = MatMul (s, a) }"""
    )
    assert found.name == "ids"


def test_two_inputs_may_share_a_table():
    found = ids(
        """g (int64[2,5] ids, int64[2,5] others) => (float[2,5,3] y) <float[12,6] table, float[6,3] a> {
        e = Gather (table, ids) k = Gather (table, others) s = Add (e, k) y = MatMul (s, a) }"""
    )
    assert [one.name for one in found] == ["ids", "others"]


LOOKED_UP = "e = Gather (table, ids) m = MatMul (e, a)"
HEAD = "g (int64[2,5] ids) => (float[2,5,3] y) <float[12,6] table, float[6,3] a, int64 two = {2}, float[2,5,1] w>"


@pytest.mark.parametrize(
    ("rest", "why"),
    [
        (
            "i = Add (ids, two) b = Equal (i, two) c = Cast <to=1> (b) s = ReduceMax (c) y = Add (m, s)",
            "Add .*computes",
        ),
        ("c = Cast <to=9> (ids) d = Cast <to=1> (c) s = ReduceMax (d) y = Add (m, s)", "Cast .*makes bool of them"),
        ("l = Less (ids, two) d = Cast <to=1> (l) s = ReduceMax (d) y = Add (m, s)", "Less .*computes with them"),
    ],
)
def test_model_that_computes_with_ids_is_refused(rest, why):
    with pytest.raises(UsageError, match=f"'ids' cannot be given other numbers: {why}"):
        ids(f"{HEAD} {{ {LOOKED_UP} {rest} }}")


def test_order_of_ids_may_be_asked_for():
    (found,) = ids(
        f"{HEAD} {{ {LOOKED_UP} p = ArgMax <axis=1> (ids) d = Cast <to=1> (p) s = ReduceMax (d) y = Add (m, s) }}"
    )
    assert found.fault == ""


def test_ids_that_leave_the_model_are_refused():
    with pytest.raises(UsageError, match="they leave the model as 'same'"):
        ids(
            """g (int64[2,5] ids) => (float[2,5,3] y, int64[2,5] same) <float[12,6] table, float[6,3] a> {
            e = Gather (table, ids) y = MatMul (e, a) same = Identity (ids) }"""
        )


def test_table_that_is_computed_is_refused():
    with pytest.raises(UsageError, match="picks from what is computed"):
        ids("g (int64[5] ids, float[12,6] x) => (float[5,6] y) { y = Gather (x, ids) }")


def test_model_without_a_table_is_refused():
    with pytest.raises(UsageError, match="no input of integers picks rows of a table"):
        ids("g (float[2,6] x) => (float[2,3] y) <float[6,3] a> { y = MatMul (x, a) }")
