"""What gives way in a draft does so in its own graph, under names that are free."""

from __future__ import annotations

from paoding_onnx.shapes.draft import Draft, levels, rename
from tests.models import model

BODY = """s = Loop (n, go, h) <body = step (int64 k, bool t, float[2,8] i) => (bool t2, float[2,8] o) {
        t2 = Identity (t) u = Neg (i) o = Abs (u) }>"""
TEXT = f"""g (float[2,4] x) => (float[2,3] y) <float[4,8] a, float[8,3] d, int64 n = {{3}}, bool go = {{1}}> {{
  h = MatMul (x, a) {BODY} y = MatMul (s, d) }}"""


def test_bodies_are_levels_of_a_model():
    assert [[node.op_type for node in graph.node] for graph in levels(model(TEXT).proto)] == [
        ["MatMul", "Loop", "MatMul"],
        ["Identity", "Neg", "Abs"],
    ]


def test_node_in_a_body_gives_way_there():
    subject = model(TEXT)
    draft = Draft(subject)
    assert draft.take_out("u").op_type == "Neg"
    draft.pass_on("i", "u")
    made = draft.model()
    assert [node.op_type for node in levels(made.proto)[1].node] == ["Identity", "Identity", "Abs"]
    assert [node.op_type for node in levels(subject.proto)[1].node] == ["Identity", "Neg", "Abs"]


def test_what_is_drawn_stands_before_all_nodes_wherever_the_choice_is():
    for output in ("u", "h"):
        draft = Draft(model(TEXT))
        draft.take_out(output)
        names = draft.draw(0)
        draft.pass_on("x", output)
        main = draft.model().proto.graph
        assert tuple(node.output[0] for node in main.node[: len(names)]) == names
        assert [n.output[0] for n in main.node[len(names) :]] == ["h", "s", "y"]


def test_names_are_changed_where_they_are_read_alone_if_that_is_wanted():
    proto = model(TEXT).proto
    rename(proto.graph, {"h": "z"}, made=False)
    assert (proto.graph.node[0].output[0], proto.graph.node[1].input[2]) == ("h", "z")
    rename(proto.graph, {"h": "z"})
    assert proto.graph.node[0].output[0] == "z"
