"""Nodes of a graph are found in its file by what they make, whatever their order and names."""

from __future__ import annotations

from paoding_onnx.model.node_index import makers, places_of, proto_nodes
from paoding_onnx.model.read import read_graph
from tests.models import model

TEXT = """g (float[2] x) => (float[2] y) {
  [same] y = Add (c, b)
  k = Constant <value = float[2] {3, 4}> ()
  [same] a, , c = TopK (x, k)
  [same] b = Neg (a)
}"""
"""The last node stands first, all have one name, and an output is omitted."""


def test_makers_are_found_by_any_output():
    assert makers(model(TEXT).proto.graph.node) == {"y": 0, "k": 1, "a": 2, "c": 2, "b": 3}


def test_every_node_of_the_graph_has_its_place_in_the_file():
    subject = model(TEXT)
    assert places_of(subject.proto, read_graph(subject, {}).nodes) == [2, 3, 0]


def test_every_node_of_the_graph_has_its_node_in_the_file():
    subject = model(TEXT)
    nodes = proto_nodes(subject.proto, read_graph(subject, {}))
    assert [node.op_type for node in nodes] == ["TopK", "Neg", "Add"]


def test_node_whose_first_output_is_omitted_is_found():
    subject = model("g (float[2] x, int64[1] k) => (int64[2] i) { , i = TopK (x, k) }")
    assert places_of(subject.proto, read_graph(subject, {}).nodes) == [0]
