"""Nodes with their rules bound: which tensors count once, which once for every use, and what is left without a rule."""

from __future__ import annotations

from dataclasses import replace

from paoding_onnx.rules import binding
from paoding_onnx.rules.binding import BoundNode, TensorUse, bind_nodes
from paoding_onnx.rules.rule import rule_for
from paoding_onnx.shapes.observe import observe
from tests.models import IMAGES, model


def found(text: str) -> tuple[BoundNode, ...]:
    return bind_nodes(observe(model(text)))


CONV = IMAGES + "<float[5,3,1,1] a, float[5] k> { h = Conv (x, a, k) y = Add (h, h) }"


def test_vector_counts_once_for_every_use():
    conv, _ = found(CONV)
    assert conv.inputs == (TensorUse("x"), TensorUse("a"), TensorUse("k", 0, 2))


def test_computed_tensor_counts_once():
    conv, add = found(CONV)
    assert conv.outputs == (TensorUse("h"),)
    assert add.inputs == (TensorUse("h"), TensorUse("h"))


def test_operand_without_axes_has_no_slot():
    (clip,) = found("g (float[2] x) => (float[2] y) <float low={0}> { y = Clip (x, low) }")
    assert clip.inputs == (TensorUse("x"), None)


def test_omitted_operand_has_no_slot():
    (clip,) = found("g (float[2] x) => (float[2] y) <float high={0}> { y = Clip (x, , high) }")
    assert clip.inputs == (TensorUse("x"), None, None)


def test_factors_know_their_sizes():
    conv, _ = found(CONV)
    assert {name: conv.binding.sizes[name] for name in ("n", "G", "I", "O")} == {"n": 2, "G": 1, "I": 3, "O": 5}


def test_node_without_a_usable_rule_is_marked():
    abs_, noise = found("g (float[2,8] x) => (float[2,8] y) { r = Abs (x) y = RandomNormalLike (r) }")
    assert (abs_.has_rule, noise.has_rule) == (True, False)
    assert noise.rule.why == "no rule for this operator"


def test_rule_that_does_not_fit_gives_way_to_one_that_pins(monkeypatch):
    monkeypatch.setattr(binding, "rule_for", lambda node: replace(rule_for(node), equation="n C -> n C"))
    conv, _ = found(CONV)
    assert conv.rule.why == "its rule does not fit here: 'n C -> n C' has 1 operands on a side, the node 3"
    assert all(name[0].islower() for name in conv.binding.sizes)
    assert not conv.has_rule
