"""Axes of several factors: the one that shrinks, and what that pins."""

from __future__ import annotations

import pytest

from paoding_onnx.dependency.composite_axes import ENOUGH_POSITIONS
from paoding_onnx.dependency.coupling import couple
from paoding_onnx.dependency.trace import Choice
from paoding_onnx.names import Prefer
from paoding_onnx.shapes.observe import observe
from tests.dependency.coupled import coupled, reasons, sets
from tests.models import IMAGES, model

GROUPED = (
    IMAGES
    + """<float[8,3,1,1] a, float[8,4,1,1] b, float[5,8,1,1] c> {
  p = Conv (x, a) [grouped] q = Conv <group=2> (p, b) y = Conv (q, c)
}"""
)


def test_grouped_layer_loses_the_same_places_of_each_group():
    found = coupled(GROUPED)
    assert sets(found, "a", 0) == sets(found, "b", 1) * 2
    assert sets(found, "c", 1) == sets(found, "b", 0) == sets(found, "b", 0)[:4] * 2


def test_choice_between_factors_is_recorded():
    (choice,) = coupled(GROUPED).choices
    assert (choice.node, choice.kept, choice.pinned) == ("grouped", "I", ("G",))


def test_pinned_position_pins_its_place_in_every_group():
    """The groups are channels 0 to 3 and 4 to 7; the last two come from the input."""
    found = coupled("""g (float[2,2,4,4] x) => (float[2,5,4,4] y)
        <float[6,2,1,1] a, float[8,4,1,1] b, float[5,8,1,1] c> {
      p = Conv (x, a) s = Concat <axis=1> (p, x) q = Conv <group=2> (s, b) y = Conv (q, c)
    }""")
    assert (found.causes[sets(found, "a", 0)] >= 0).tolist() == [False, False, True, True, False, False]
    assert sets(found, "a", 0)[:2] == sets(found, "a", 0)[4:]
    assert reasons(found, "b", 1) == {"graph input 'x'"}


WIDE = (
    IMAGES
    + """<float[{n},3,1,1] a, float[{n},{inside},1,1] b, float[5,{n},1,1] c> {{
  p = Conv (x, a) [grouped] q = Conv <group={groups}> (p, b) y = Conv (q, c)
}}"""
)
"""A layer of groups between two that have none."""


def choices(groups: int, inside: int, prefer: Prefer) -> list[Choice]:
    text = WIDE.format(n=groups * inside, inside=inside, groups=groups)
    return list(couple(observe(model(text)), lambda _: False, lambda _: prefer).choices)


@pytest.mark.parametrize(
    ("groups", "inside", "kept"),
    [(4, ENOUGH_POSITIONS, "I"), (16, ENOUGH_POSITIONS, "I"), (4, ENOUGH_POSITIONS - 1, "I"), (9, 7, "G")],
)
def test_factor_with_the_most_units_is_kept_unless_the_minor_one_has_enough(groups, inside, kept):
    first = choices(groups, inside, Prefer.AUTO)[0]
    assert (first.kept, first.sizes) == (kept, (groups, inside))


@pytest.mark.parametrize(("prefer", "kept"), [(Prefer.BLOCKS, "G"), (Prefer.POSITIONS, "I")])
def test_factor_that_the_user_prefers_is_kept_whatever_its_size(prefer, kept):
    for groups, inside in ((4, 16), (16, 4)):
        first = choices(groups, inside, prefer)[0]
        assert (first.kept, first.prefer) == (kept, prefer)


def test_choice_says_which_way_was_taken_where_none_was_asked_for():
    assert choices(4, 16, Prefer.AUTO)[0].prefer is Prefer.POSITIONS
    assert choices(9, 7, Prefer.AUTO)[0].prefer is Prefer.BLOCKS


def test_nothing_is_chosen_where_only_one_factor_may_shrink():
    """The groups are those of the input, so that they have to stay."""
    found = coupled("""g (float[2,8,4,4] x) => (float[2,5,4,4] y) <float[8,4,1,1] b, float[5,8,1,1] c> {
      q = Conv <group=2> (x, b) y = Conv (q, c)
    }""")
    assert found.choices == ()


def test_factor_that_was_not_chosen_says_why_it_stays():
    found = coupled(WIDE.format(n=12, inside=3, groups=4))
    (choice, *_) = found.choices
    assert {reason.reason for reason in found.reasons} >= {"its axis of 4 x 3 shrinks along another factor"}
    assert choice.pinned == ("I",)


ATTENTION = """g (float[2,9,8] x) => (float[2,9,5] y)
    <float[8,24] a, float[8,24] b, float[8,24] v, float[{heads},9,9] m,
    int64[4] apart={{0,0,4,6}}, int64[3] whole={{0,0,24}}, float[24,5] o> {{
  q = MatMul (x, a) k = MatMul (x, b) w = MatMul (x, v) qr = Reshape (q, apart) kr = Reshape (k, apart)
  wr = Reshape (w, apart) qt = Transpose <perm=[0,2,1,3]> (qr) kt = Transpose <perm=[0,2,3,1]> (kr)
  wt = Transpose <perm=[0,2,1,3]> (wr) s = MatMul (qt, kt) t = Add (s, m) u = Softmax (t) z = MatMul (u, wt)
  zt = Transpose <perm=[0,2,1,3]> (z) zr = Reshape (zt, whole) y = MatMul (zr, o)
}}"""
"""Four heads of six numbers, 192 weights that make them, and 81 biases for every head, or for all of them."""


@pytest.mark.parametrize(("heads", "kept"), [(1, {"F3"}), (4, {"F2"})])
def test_heads_go_where_their_biases_are_more_than_the_weights_of_the_axis(heads, kept):
    assert {choice.kept for choice in coupled(ATTENTION.format(heads=heads)).choices} == kept


def test_axis_follows_what_it_is_tied_to_elsewhere():
    """Nothing holds height and width behind the norm, but before it they are flattened with the channels."""
    found = coupled("""g (float[1,3,4,6] x) => (float[1,5,1,1] y)
        <float[2,3,1,1] a, int64[3] flat={1,1,-1}, float[1] s, float[1] b, int64[4] image={1,2,4,6},
         float[5,2,1,1] c> {
      p = Conv (x, a) q = Reshape (p, flat) r = InstanceNormalization (q, s, b) t = Reshape (r, image)
      u = GlobalAveragePool (t) y = Conv (u, c)
    }""")
    assert found.choices == ()
    assert (found.causes[sets(found, "a", 0)] < 0).all()
    assert sets(found, "a", 0) == sets(found, "c", 1)
