"""The chain of groups as SVG."""

from __future__ import annotations

from itertools import pairwise
from xml.etree import ElementTree

from paoding_onnx.report.chain import HEIGHT, Link, chain

SVG = "{http://www.w3.org/2000/svg}"
LINKS = [Link("a", 64, 32), Link("<b>&", 16, 16), Link("c", 4096, 1)]


def bars(links):
    return [node.attrib for node in ElementTree.fromstring(chain(links)).iter(f"{SVG}rect")]


def test_every_group_has_a_bar_for_before_and_one_for_after():
    found = bars(LINKS)
    assert [one["class"] for one in found] == ["b", "a"] * 3
    assert float(found[4]["height"]) == HEIGHT
    assert all(0 < float(one["height"]) <= HEIGHT for one in found)
    assert found[2]["height"] == found[3]["height"]
    assert float(found[0]["height"]) > float(found[1]["height"])


def test_bars_stand_side_by_side_in_order():
    places = [(float(one["x"]), float(one["x"]) + float(one["width"])) for one in bars(LINKS)[::2]]
    assert places == sorted(places)
    assert all(left[1] < right[0] for left, right in pairwise(places))
    assert places[0][0] >= 0
    assert places[-1][1] <= 1000


def test_names_are_told_under_the_pointer_and_escaped():
    titles = [node.text for node in ElementTree.fromstring(chain(LINKS)).iter(f"{SVG}title")]
    assert titles == ["a: 64 → 32", "<b>&: 16 → 16", "c: 4,096 → 1"]


def test_model_without_groups_has_no_chain():
    assert chain([]) == ""
