"""Why an axis may not shrink: the way from a tensor to the reason."""

from __future__ import annotations

import pytest

from paoding_onnx.api import explain
from paoding_onnx.dependency.explain import Explanation, Link
from paoding_onnx.errors import UsageError
from paoding_onnx.options import Options
from tests.models import model

SORTED = """g (float[2,3] x) => (float[2,5] y) <float[3,8] a, float[8] ab, float[4,5] b, int64[1] k={4}> {
  [first] h = MatMul (x, a) [plus] p = Add (h, ab) [act] r = Relu (p) [top] v, i = TopK (r, k) [last] y = MatMul (v, b)
}"""


def explained(name: str, text: str = SORTED, **options) -> tuple[Explanation, ...]:
    return explain(model(text), name, Options(**options))


def test_way_leads_through_every_node_to_the_reason():
    _, columns = explained("a")
    assert columns.way == (Link("MatMul", "first", "h", 1), Link("Add", "plus", "p", 1), Link("Relu", "act", "r", 1))
    assert (columns.operator, columns.node) == ("TopK", "top")
    assert columns.reason == "sorts along this axis"
    assert (columns.size, columns.n_pinned) == (8, 8)


def test_graph_input_is_a_reason():
    rows, _ = explained("a")
    assert rows.way == (Link("MatMul", "first", "x", 1),)
    assert (rows.operator, rows.node, rows.reason) == ("", "", "graph input 'x'")


def test_axis_that_may_shrink_has_no_reason():
    free = "g (float[2,3] x) => (float[2,5] y) <float[3,8] a, float[8,5] b> { h = MatMul (x, a) y = MatMul (h, b) }"
    columns = explained("a", free)[1]
    assert (columns.n_pinned, columns.way, columns.reason) == (0, (), "")


def test_computed_tensors_and_shared_vectors_are_explained_too():
    assert explained("r")[1].reason == "sorts along this axis"
    assert explained("ab")[0].way[0] == Link("Add", "plus", "p", 1)


def test_what_the_user_excluded_is_a_reason():
    free = (
        "g (float[2,3] x) => (float[2,5] y) <float[3,8] a, float[8,5] b> { [made] h = MatMul (x, a) y = MatMul (h, b) }"
    )
    assert explained("b", free, exclude=("made",))[0].reason == "excluded by the user"


def test_pinned_part_of_an_axis_is_counted():
    joined = """g (float[2,3] x) => (float[2,5] y) <float[3,8] a, float[11,5] b> {
      h = MatMul (x, a) c = Concat <axis=1> (h, x) y = MatMul (c, b) }"""
    rows = explained("b", joined)[0]
    assert (rows.size, rows.n_pinned, rows.reason) == (11, 3, "graph input 'x'")


def test_unknown_name_is_refused():
    with pytest.raises(UsageError, match="no node has a tensor named 'z'"):
        explained("z")
