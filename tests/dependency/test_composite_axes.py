"""Axes of several factors: the one that shrinks, and what that pins."""

from __future__ import annotations

from tests.dependency.coupled import coupled, reasons, sets
from tests.models import IMAGES

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
