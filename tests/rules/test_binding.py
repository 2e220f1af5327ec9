"""Nodes with their rules bound: which tensors count once, which once for every use, and what is left without a rule."""

from __future__ import annotations

from dataclasses import replace

import pytest

from paoding_onnx.rules import binding
from paoding_onnx.rules.binding import BoundNode, TensorUse, bind, bind_nodes, stored_statistics
from paoding_onnx.rules.equation import AxesError, axes
from paoding_onnx.rules.notation import parse
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
    assert noise.rule.because.words == "no rule for this operator"


def test_rule_that_does_not_fit_gives_way_to_one_that_pins(monkeypatch):
    monkeypatch.setattr(binding, "rule_for", lambda node: replace(rule_for(node), equation=parse("n C -> n C")))
    conv, _ = found(CONV)
    assert conv.rule.because.words == "its rule does not fit here: 'n C -> n C' has 1 operands on a side, the node 3"
    assert all(name[0].islower() for name in conv.binding.sizes)
    assert not conv.has_rule


def sizes(text, inputs, outputs, **given):
    return dict(bind(parse(text), inputs, outputs, given).sizes)


def test_factor_of_a_composite_axis_is_solved():
    assert sizes("n (G I) -> n G I", [(2, 12)], [(2, 3, 4)]) == {"n": 2, "G": 3, "I": 4}


def test_given_size_settles_an_axis_of_two_unknowns():
    assert sizes("n (G I) -> n (G I)", [(2, 12)], [(2, 12)], G=3)["I"] == 4


def test_segment_size_is_what_the_others_leave():
    assert sizes("A, B -> A+B+C", [(2,), (3,)], [(9,)])["C"] == 4


def test_star_takes_as_many_axes_as_the_rank_leaves():
    assert sizes("n C *s -> n C *t", [(2, 3, 8, 9)], [(2, 3, 4, 5)]) == {
        "n": 2, "C": 3, "s0": 8, "s1": 9, "t0": 4, "t1": 5,
    }  # fmt: skip


def test_star_may_be_empty():
    assert sizes("n C *s -> n C *s", [(2, 3)], [(2, 3)]) == {"n": 2, "C": 3}


def test_star_known_from_another_operand_settles_one_between_two():
    bound = bind(parse("*A, *A *B -> *B"), [(2,), (2, 3, 4)], [(3, 4)])
    assert bound.outputs[0] == axes("B", 2)


def test_absent_operand_binds_to_nothing():
    bound = bind(parse("n C, C -> n C"), [(2, 3), None], [(2, 3)])
    assert bound.inputs[1] is None
    assert bound.sizes["C"] == 3


def test_trailing_operands_may_be_left_out():
    assert len(bind(parse("n C, C, _ -> n C, C"), [(2, 3)], [(2, 3)]).inputs) == 1


def test_operand_without_axes_ignores_its_shape():
    assert bind(parse("n C, _ -> n C"), [(2, 3), (7, 7, 7)], [(2, 3)]).inputs[1] is None


@pytest.mark.parametrize(
    ("text", "inputs", "outputs"),
    [
        ("n C -> n C", [(2, 3)], [(2, 4)]),
        ("n C -> n C", [(2, 3, 4)], [(2, 3)]),
        ("n C *s -> n C", [(2,)], [(2, 3)]),
        ("n C -> n C", [(2, 3), (3,)], [(2, 3)]),
        ("n 1 -> n", [(2, 3)], [(2,)]),
        ("(G I) -> G", [(7,)], [(2,)]),
        ("*A *B -> *A", [(2, 3)], [(2,)]),
    ],
)
def test_shapes_that_contradict_the_equation_are_refused(text, inputs, outputs):
    with pytest.raises(AxesError):
        bind(parse(text), inputs, outputs)


def test_factor_left_open_is_refused():
    with pytest.raises(AxesError, match="leaves the sizes"):
        bind(parse("(G I) -> (G I)"), [(12,)], [(12,)])


def test_refusal_shows_equation_and_sizes():
    with pytest.raises(AxesError, match="'n C -> n C' gives an axis of 3, the tensor has 4"):
        bind(parse("n C -> n C"), [(2, 3)], [(2, 4)])


def test_factor_that_is_mixed_anywhere_is_marked_everywhere():
    bound = bind(parse("n *~A -> n *A"), [(2, 3, 4)], [(2, 3, 4)])
    assert bound.mixed == {"A0", "A1"}
    assert bound.inputs == bound.outputs


def test_factors_that_outputs_have():
    assert bind(parse("n (G I) -> A+B"), [(2, 6)], [(3,)], {"G": 2, "A": 1}).made == {"A", "B"}
    assert bind(parse("n -> _"), [(2,)], [(3,)]).made == frozenset()


NORM = IMAGES + "<float[3] s, float[3] m, float[3] v> { y = BatchNormalization (x, s, s, m, v) }"


def test_stored_statistics_are_found_with_their_axis():
    (norm,) = found(NORM)
    stored = stored_statistics(norm)
    assert (stored.mean.name, stored.variance.name, stored.axis) == ("m", "v", 1)
    assert stored_statistics(found(CONV)[0]) is None
