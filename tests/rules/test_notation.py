"""The notation: texts are read into values, print as they were, and are refused where they are not equations."""

from __future__ import annotations

import pytest

from paoding_onnx.rules.equation import ONE, AxesError, Equation, Factor, Star, axes, axis, joined
from paoding_onnx.rules.notation import parse


def test_axis_of_several_factors_keeps_their_order():
    assert parse("(G I) -> G").inputs == ((axis("G", "I"),),)


def test_segments_keep_their_order():
    assert parse("X+Y+Z -> Y").inputs == ((joined([axis("X"), axis("Y"), axis("Z")]),),)


def test_one_is_an_axis_without_factors():
    assert parse("n 1 -> n").inputs == ((axis("n"), ONE),)


def test_underscore_is_an_operand_without_axes():
    assert parse("n C, _ -> _").inputs[1] is None
    assert parse("n C, _ -> _").outputs == (None,)


def test_empty_operand_is_a_scalar():
    assert parse("*A,  -> *A").inputs[1] == ()


def test_tilde_marks_a_factor_as_mixed():
    assert parse("*A ~C -> *A ~C").inputs == ((Star(Factor("A")), axis("C").mixed()),)
    assert parse("n *~S -> n").inputs == ((axis("n"), Star(Factor("S", mixed=True))),)


@pytest.mark.parametrize(
    "text", ["n C *s, C -> n C *t", "(G ~C) b+~S+e, _ -> (G ~C) ~S", "A0 1,  -> A0", "*A -> *A, _", "t n I -> "]
)
def test_values_print_as_the_text_they_were_read_from(text):
    assert str(parse(text)) == text


def test_braces_stand_for_an_axis_or_several():
    assert str(parse("n {x}, {y} -> n {x}", x=axis("G", "I"), y=axes("A", 2))) == "n (G I), A0 A1 -> n (G I)"


def test_braces_inside_parentheses_add_factors():
    assert str(parse("(H {part}) -> H", part=axis("d").mixed())) == "(H ~d) -> H"


def test_braces_alone_may_stand_for_no_axes_at_all():
    assert parse("n, {x} -> n", x=None) == Equation.of([[axis("n")], None], [[axis("n")]])
    assert parse("n, {x} -> n", x=()).inputs[1] == ()


@pytest.mark.parametrize(
    "text", ["n C", "n C => n C", "n 2C -> n C", "n C! -> n C", "n -C -> n C", "n () -> n", "n (C -> n", "{x -> n"]
)
def test_text_that_is_not_an_equation_is_refused(text):
    with pytest.raises(AxesError):
        parse(text)
