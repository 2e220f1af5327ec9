"""Equations as values: axes are put together, made to shrink or not, and printed."""

from __future__ import annotations

from paoding_onnx.rules.equation import (
    ONE,
    Equation,
    Star,
    axes,
    axis,
    exchanged,
    is_fixed,
    joined,
    names_of,
    right_aligned,
)


def text(operand):
    return " ".join(map(str, operand))


def test_lower_case_never_shrinks():
    assert (is_fixed("n"), is_fixed("k0"), is_fixed("C"), is_fixed("S1")) == (True, True, False, False)


def test_axis_names_its_factors_segment_by_segment():
    assert joined([axis("G", "I"), axis("c")]).names == ("G", "I", "c")


def test_axis_says_which_factors_may_shrink():
    assert joined([axis("G", "i"), axis("c")]).free == ("G",)
    assert ONE.free == ()


def test_axis_of_size_one_has_no_factor():
    assert axis() == ONE
    assert ONE.size({}) == 1
    assert str(ONE) == "1"


def test_segments_of_several_factors_add_their_products():
    assert joined([axis("A", "B"), axis("C")]).size({"A": 2, "B": 3, "C": 4}) == 10


def test_pinned_axis_is_in_lower_case():
    assert str(axis("G", "I").pinned()) == "(g i)"
    assert str(axis("G", "I").pinned(["I", "X"])) == "(G i)"


def test_mixed_axis_is_marked_and_may_shrink():
    assert str(axis("C").mixed()) == "~C"
    assert axis("C").mixed().free == ("C",)
    assert axis("C").mixed() != axis("C")


def test_axes_laid_end_to_end_keep_their_order():
    assert str(joined([axis("b"), axis("S").mixed(), axis("e")])) == "b+~S+e"


def test_star_stands_for_numbered_axes():
    (factor,) = axis("S").mixed().factors
    assert str(Star(factor)) == "*~S"
    assert text(Star(factor).axes(2)) == "~S0 ~S1"


def test_one_axis_is_exchanged_for_any_number():
    assert text(exchanged(axes("A", 3), 1, axis("s"), ONE)) == "A0 s 1 A2"
    assert text(exchanged(axes("A", 3), 1)) == "A0 A2"


def test_operand_that_broadcasts_has_the_last_axes():
    assert text(right_aligned(axes("A", 3), (8, 1))) == "A1 1"
    assert right_aligned(axes("A", 3), ()) == ()


def test_names_of_axes_are_in_their_order():
    assert names_of([axis("G", "O"), ONE, axis("k")]) == ("G", "O", "k")


def test_equation_prints_operands_without_axes_and_scalars():
    assert str(Equation.of([axes("A", 1), None, ()], [[axis("G", "A0")]])) == "A0, _,  -> (G A0)"
