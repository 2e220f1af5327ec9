"""READ: a model becomes plain values: constants, nodes in running order, what subgraphs read."""

from __future__ import annotations

import pytest
from onnx import TensorProto, helper

from paoding_onnx.model.load import lift
from paoding_onnx.model.nodes import Origin, Tensor
from paoding_onnx.model.read import computed_names, constants, read_graph
from tests.models import model, parse


def graph(text, **how):
    return read_graph(model(text, **how), {})


def test_constant_nodes_are_constants():
    subject = """g (float[1,2] x) => (float[1,2] y) {
      k = Constant <value = float[2] {3, 4}> ()
      n = Constant <value_ints = [5, 6]> ()
      f = Constant <value_float = 0.5> ()
      y = Add (x, k)
    }"""
    found = constants(model(subject))
    assert {name: value.tolist() for name, value in found.items()} == {"k": [3, 4], "n": [5, 6], "f": 0.5}
    assert [node.operator for node in graph(subject).nodes] == ["Add"]
    assert computed_names(model(subject)) == ("y",)


def test_strings_are_no_constants():
    subject = 'g (float[2] x) => (float[2] y) { k = Constant <value_string = "a"> () y = Relu (x) }'
    assert constants(model(subject)) == {}


def test_nodes_come_in_running_order():
    subject = graph("g (float[2] x) => (float[2] y) { y = Relu (c) c = Add (a, b) b = Neg (x) a = Abs (x) }")
    assert [node.operator for node in subject.nodes] == ["Neg", "Abs", "Add", "Relu"]


def test_nodes_in_running_order_keep_the_order_of_the_file():
    subject = graph("g (float[2] x) => (float[2] y) { b = Neg (x) a = Abs (x) c = Relu (b) y = Add (a, c) }")
    assert [node.operator for node in subject.nodes] == ["Neg", "Abs", "Relu", "Add"]


def test_node_waits_for_what_its_subgraph_reads():
    subject = graph("""g (bool c, float[2] x) => (float[2] y) {
      y = If (c) <then_branch = t () => (float[2] p) { p = Relu (a) },
                  else_branch = e () => (float[2] q) { q = Abs (x) }>
      a = Neg (x)
    }""")
    assert [(node.operator, node.captures) for node in subject.nodes] == [("Neg", ()), ("If", ("a", "x"))]


def test_captures_reach_through_nested_subgraphs():
    (node,) = graph("""g (bool c, float[2] x) => (float[2] y) {
      y = If (c) <then_branch = t () => (float[2] p) {
                    p = If (c) <then_branch = tt () => (float[2] r) { r = Relu (x) },
                                else_branch = te () => (float[2] s) { z = Abs (x) s = Neg (z) }> },
                  else_branch = e () => (float[2] q) { q = Abs (x) }>
    }""").nodes
    assert node.captures == ("c", "x")


def test_omitted_operand_is_none():
    (node,) = graph("g (float[2] x, float m) => (float[2] y) { y = Clip (x, , m) }").nodes
    assert (node.inputs[1], node.inputs[2].name) == (None, "m")


def test_node_without_a_name_gets_one():
    subject = graph("g (float[2] x) => (float[2] y) { a = Neg (x) [second] y = Abs (a) }")
    assert [node.name for node in subject.nodes] == ["Neg_0", "second"]


@pytest.mark.parametrize(("opset", "version"), [(9, 1), (11, 11), (13, 13), (20, 13)])
def test_version_is_that_of_the_operator_at_the_opset(opset, version):
    assert graph("g (float[2] x) => (float[2] y) { y = Softmax (x) }", opset=opset).nodes[0].version == version


def test_operator_of_another_domain_has_the_version_of_its_opset():
    (node,) = graph(
        '<ir_version: 8, opset_import: ["" : 17, "my.own" : 3]> g (float[2] x) => (float[2] y) { y = my.own.Thing (x) }'
    ).nodes
    assert (node.domain, node.operator, node.version) == ("my.own", "Thing", 3)


def test_unknown_operator_has_version_zero():
    assert graph("g (float[2] x) => (float[2] y) { y = Thing (x) }").nodes[0].version == 0


def test_attributes_are_plain_values():
    (node,) = graph(
        'g (float[2] x) => (float[2] y) { y = Thing <i = 3, f = 0.5, s = "s", is = [1, 2], fs = [0.5, 1.5]> (x) }'
    ).nodes
    assert dict(node.attributes) == {"i": 3, "f": 0.5, "s": "s", "is": (1, 2), "fs": (0.5, 1.5)}


def test_tensors_know_where_they_come_from():
    found = graph("g (float[N,4] x) => (float[N,2] y) <float[4,2] w> { y = MatMul (x, w) }")
    tensors = found.tensors
    assert (tensors["x"].origin, tensors["w"].origin) == (Origin.INPUT, Origin.CONSTANT)
    assert found.nodes[0].outputs[0].origin is Origin.COMPUTED
    assert (found.inputs, found.outputs) == (("x",), ("y",))


def test_strings_among_the_initializers_are_no_constants():
    proto = parse("g (float[2] x) => (float[2] y) { y = Relu (x) }")
    proto.graph.initializer.append(helper.make_tensor("words", TensorProto.STRING, [1], [b"a"]))
    assert constants(lift(proto)) == {}


def test_content_of_constant_nodes_is_read_only():
    text = "g (float[2] x) => (float[2] y) { k = Constant <value = float[2] {3, 4}> () y = Add (x, k) }"
    with pytest.raises(ValueError, match="read-only"):
        constants(model(text))["k"][0] = 1


def test_tensor_of_strings_in_a_node_is_no_constant():
    proto = parse("g (float[2] x) => (float[2] y) { y = Relu (x) }")
    words = helper.make_tensor("", TensorProto.STRING, [1], [b"a"])
    proto.graph.node.insert(0, helper.make_node("Constant", [], ["words"], value=words))
    assert constants(lift(proto)) == {}


def test_what_was_measured_goes_before_what_is_not_known():
    subject = model("g (float[2] x) => (float[2] y) { h = Neg (x) y = Abs (h) }")
    measured = Tensor("h", Origin.COMPUTED, (2,))
    first, second = read_graph(subject, {"h": measured}).nodes
    assert first.outputs[0] is second.inputs[0] is measured
    assert second.outputs[0].shape is None


def test_attribute_that_no_rule_reads_is_none():
    (node,) = graph("g (float[2] x) => (float[2] y) { y = Thing <t = float[1] {1}> (x) }").nodes
    assert dict(node.attributes) == {"t": None}


def test_node_in_the_domain_that_is_spelled_out_is_one_of_onnx():
    (node,) = graph(
        '<ir_version: 8, opset_import: ["ai.onnx" : 17]> g (float[2] x) => (float[2] y) { y = ai.onnx.Relu (x) }'
    ).nodes
    assert (node.domain, node.version) == ("", 14)
