"""What is kept against size as SVG: axes end where the values do."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest

from paoding_onnx.report.trade import HEIGHT, WIDTH, Tried, trade_chart

SVG = "{http://www.w3.org/2000/svg}"
TRIED = [Tried(0.5, 0.8), Tried(0.75, 0.88), Tried(0.6, 0.86, is_chosen=True)]


def parts(tried=TRIED, whole=0.9):
    return ElementTree.fromstring(trade_chart(tried, whole=whole, title='a "t"'))


def texts(tree):
    return [node.text for node in tree.iter(f"{SVG}text")]


def test_original_and_the_chosen_one_are_named():
    found = texts(parts())
    assert "original 0.900" in found
    assert "chosen 0.860" in found
    assert len([node for node in parts().iter(f"{SVG}circle") if node.attrib.get("class") == "ring"]) == 1


def test_line_goes_from_the_whole_model_to_the_smallest():
    (path,) = [node.attrib["points"] for node in parts().iter(f"{SVG}polyline")]
    points = [tuple(map(float, pair.split(","))) for pair in path.split()]
    assert len(points) == 4
    assert [x for x, _ in points] == sorted(x for x, _ in points)
    assert points[0][1] < points[-1][1], "less is kept further down"


@pytest.mark.parametrize("kept", [0.9, 0.899, 0.5, 0.0])
def test_everything_lies_within_the_chart(kept):
    tree = parts([Tried(0.9, kept), Tried(0.2, kept, is_chosen=True)])
    for node in tree.iter(f"{SVG}circle"):
        assert 0 <= float(node.attrib["cx"]) <= WIDTH
        assert 0 <= float(node.attrib["cy"]) <= HEIGHT


def test_axis_does_not_begin_at_zero_where_no_value_is_near():
    levels = [float(text) for text in texts(parts()) if text.replace(".", "").isdigit()]
    assert min(levels) > 0.7


def test_model_of_the_same_size_is_drawn():
    assert "chosen 0.900" in texts(parts([Tried(1.0, 0.9, is_chosen=True)]))
