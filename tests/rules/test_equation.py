"""The notation: equations are read, fitted to shapes, and refused where they do not fit."""

from __future__ import annotations

import pytest

from paoding_onnx.rules.equation import AxesError, bind, factors, is_fixed, parse, parse_axis, size_of


def sizes(text, inputs, outputs, **given):
    return dict(bind(parse(text), inputs, outputs, given).sizes)


def test_lower_case_never_shrinks():
    assert (is_fixed("n"), is_fixed("k0"), is_fixed("C"), is_fixed("S1")) == (True, True, False, False)


def test_axis_of_several_factors_keeps_their_order():
    assert parse_axis("(G I)") == (("G", "I"),)


def test_segments_keep_their_order():
    assert parse_axis("X1+Y1+Z1") == (("X1",), ("Y1",), ("Z1",))


def test_one_is_an_axis_without_factors():
    assert parse_axis("1") == ((),)
    assert size_of(parse_axis("1"), {}) == 1


def test_underscore_is_an_operand_without_axes():
    assert parse("n C, _ -> _").inputs[1] is None
    assert parse("n C, _ -> _").outputs == (None,)


def test_empty_operand_is_a_scalar():
    assert parse("*A,  -> *A").inputs[1] == ()


def test_tilde_marks_a_factor_as_mixed():
    assert parse("*A ~C, ~C -> *A ~C").mixed == {"C"}
    assert parse("*A ~C, ~C -> *A ~C").inputs[1] == ((("C",),),)


def test_tilde_on_a_star_marks_every_axis_of_it():
    assert bind(parse("n *~A -> n *A"), [(2, 3, 4)], [(2, 3, 4)]).mixed >= {"A0", "A1"}


@pytest.mark.parametrize("text", ["n C", "n C => n C", "n 2C -> n C", "n C! -> n C", "n -C -> n C"])
def test_text_that_is_no_equation_is_refused(text):
    with pytest.raises(AxesError):
        parse(text)


def test_factor_of_a_composite_axis_is_solved():
    assert sizes("n (G I) -> n G I", [(2, 12)], [(2, 3, 4)]) == {"n": 2, "G": 3, "I": 4}


def test_given_size_settles_an_axis_of_two_unknowns():
    assert sizes("n (G I) -> n (G I)", [(2, 12)], [(2, 12)], G=3)["I"] == 4


def test_segment_size_is_what_the_others_leave():
    assert sizes("A, B -> A+B+C", [(2,), (3,)], [(9,)])["C"] == 4


def test_segments_of_several_factors_add_their_products():
    assert size_of((("A", "B"), ("C",)), {"A": 2, "B": 3, "C": 4}) == 10


def test_star_takes_as_many_axes_as_the_rank_leaves():
    assert sizes("n C *s -> n C *t", [(2, 3, 8, 9)], [(2, 3, 4, 5)]) == {
        "n": 2, "C": 3, "s0": 8, "s1": 9, "t0": 4, "t1": 5,
    }  # fmt: skip


def test_star_may_be_empty():
    assert sizes("n C *s -> n C *s", [(2, 3)], [(2, 3)]) == {"n": 2, "C": 3}


def test_star_known_from_another_operand_settles_one_between_two():
    binding = bind(parse("*A, *A *B -> *B"), [(2,), (2, 3, 4)], [(3, 4)])
    assert binding.outputs[0] == ((("B0",),), (("B1",),))


def test_absent_operand_binds_to_nothing():
    binding = bind(parse("n C, C -> n C"), [(2, 3), None], [(2, 3)])
    assert binding.inputs[1] is None
    assert binding.sizes["C"] == 3


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


def test_factors_of_an_operand():
    assert factors(bind(parse("n (G I) -> A+B"), [(2, 6)], [(3,)], {"G": 2, "A": 1}).outputs[0]) == {"A", "B"}
    assert factors(None) == frozenset()
