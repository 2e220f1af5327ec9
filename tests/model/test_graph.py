"""A whole graph as values: who reads what, and what is needed to make it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from paoding_onnx.model.graph import Graph, needed, with_tensors
from paoding_onnx.model.read import read_graph
from paoding_onnx.shapes.lifting import lifted
from paoding_onnx.shapes.observe import observe
from tests.bodies import TEXTS
from tests.models import model


def named(text: str) -> Graph:
    """The graph of a model that ONNX text describes."""
    return read_graph(model(text), {})


READ = """g (float[2] x, bool c) => (float[2] y) <float[2] k> {
  p = Add (x, x) q = Mul (p, k)
  r = If (c) <then_branch = t () => (float[2] u) { u = Neg (p) }, else_branch = e () => (float[2] v) { v = Abs (k) }>
  w = Exp (q) y = Add (r, p)
}"""


def test_other_tensors_are_met_at_all_nodes_and_what_the_file_holds_stays():
    graph = named(READ)
    other = replace(graph.tensors["x"], shape=(7,))
    found = with_tensors(graph, {"x": other, "k": replace(graph.tensors["k"], shape=(7,))})
    assert found.tensors["x"] is other
    assert found.nodes[0].inputs == (other, other)
    assert found.tensors["k"] is graph.tensors["k"]
    assert [node.operator for node in found.nodes] == [node.operator for node in graph.nodes]
    assert graph.tensors["x"].shape != (7,)


def test_readers_are_known_once_for_every_input():
    assert named(READ).readers["x"] == [0, 0]


def test_bodies_of_a_node_read_for_it():
    readers = named(READ).readers
    assert (readers["p"], readers["k"]) == ([1, 2, 4], [1, 2])


def test_tensor_that_nobody_reads_has_no_readers():
    assert named("g (float[2] x, float[2] z) => (float[2] y) { y = Neg (x) }").readers["z"] == []


@pytest.mark.parametrize(
    ("wanted", "places"),
    [(["y"], [0, 2, 4]), (["w"], [0, 1, 3]), (["p", "w"], [0, 1, 3]), (["x"], []), ([], [])],
)
def test_needed_nodes_are_those_without_which_a_tensor_could_not_be_made(wanted, places):
    assert needed(named(READ).nodes, wanted) == places


def test_tensors_in_outermost_bodies_know_what_runs_them():
    graph = observe(lifted(model(TEXTS["nested"])))
    assert graph.stepwise == dict.fromkeys(["k", "c", "g", "m", "t", "u", "many"], "h")
