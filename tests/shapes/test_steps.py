"""Which nodes repeat a body, and what bodies are handed."""

from __future__ import annotations

from paoding_onnx.shapes.steps import body_of, handed_names
from tests.bodies import TEXTS
from tests.models import parse


def test_node_of_another_kind_has_no_body():
    proto = parse("g (float[2] x, bool c) => (float[2] y) { y = If (c) <then_branch = a () => (float[2] t) "
                  "{ t = Neg (x) }, else_branch = b () => (float[2] f) { f = Abs (x) }> }")  # fmt: skip
    assert body_of(proto.graph.node[0], proto) is None


def test_scan_of_the_first_form_is_not_understood():
    proto = parse(TEXTS["pair"])
    node = next(node for node in proto.graph.node if node.op_type == "Scan")
    assert body_of(node, proto) is not None
    proto.opset_import[0].version = 8
    assert body_of(node, proto) is None


def test_what_bodies_are_handed_is_found_in_inner_ones_too():
    proto = parse(TEXTS["nested"])
    assert list(handed_names(proto.graph, proto)) == ["k", "c", "g", "k", "c", "g"]
