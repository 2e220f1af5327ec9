"""Charts as SVG: well formed, every number where it belongs, readable in both themes."""

from __future__ import annotations

import math
import re
from xml.etree import ElementTree

import pytest

from paoding_onnx.report.charts import (
    DARK,
    LEGEND,
    LIGHT,
    SENSITIVITY_BOUNDS,
    Line,
    bar,
    heat_map,
    line_chart,
    on_white,
    shortened,
    ticks,
)
from paoding_onnx.selection.curve import Sensitivity

SVG = "{http://www.w3.org/2000/svg}"
WHOLE = Sensitivity(
    "conv", (8, 16, 24, 32, 40, 48, 56), (0.0, 0.0005, 0.002, 0.02, 0.2, 2.0, 99.0), losses=tuple(range(63))
)


def drawn(text):
    """The elements of a chart, in order."""
    return [(node.tag.removeprefix(SVG), node.attrib, node.text) for node in ElementTree.fromstring(text).iter()]


def cells(text):
    """Class of each cell of a heat map without a legend, where it starts, and what it tells under the pointer."""
    found = []
    for node in ElementTree.fromstring(text).iter(f"{SVG}rect"):
        if (kind := node.attrib.get("class", "")).startswith("hm") and kind[2:3].isdigit():
            found.append((kind, node.attrib["x"], node.findtext(f"{SVG}title")))
    return found


def luminance(colour):
    """Relative luminance; source: WCAG 2.2."""
    parts = [int(colour[k : k + 2], 16) / 255 for k in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one, other):
    """Contrast ratio; source: WCAG 2.2."""
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def test_heat_map_has_a_cell_for_each_measured_share():
    found = cells(heat_map([WHOLE], has_legend=False))
    assert [(level, word) for level, _, word in found] == [
        ("hm0", "negligible: 0 %"),
        ("hm0", "negligible: <0.1 %"),
        ("hm0", "negligible: 0.2 %"),
        ("hm1", "small: 2.0 %"),
        ("hm2", "serious: 20 %"),
        ("hm2", "serious: 200 %"),
        ("hm2", "serious: >999 %"),
    ]
    assert len({x for _, x, _ in found}) == 7


def test_cells_of_small_groups_stand_under_the_nearest_share():
    large = cells(heat_map([WHOLE], has_legend=False))
    two = cells(heat_map([Sensitivity("two", (1,), (0.5,), losses=(1.0,))], has_legend=False))
    four = cells(heat_map([Sensitivity("four", (1, 2, 3), (0.1, 0.2, 0.3), losses=(1.0,) * 3)], has_legend=False))
    assert [x for _, x, _ in two] == [large[3][1]]
    assert [x for _, x, _ in four] == [large[k][1] for k in (1, 3, 5)]


def test_group_that_was_not_measured_has_a_name_and_no_cell():
    text = heat_map([Sensitivity("lonely", (), ())], has_legend=False)
    assert cells(text) == []
    assert "lonely" in text


def test_colours_get_darker_with_harm_and_in_dark_themes_lighter():
    light, dark = ([luminance(cell) for cell, _ in colours] for colours in (LIGHT, DARK))
    assert light == sorted(light, reverse=True)
    assert dark == sorted(dark)
    assert len(LIGHT) == len(DARK) == len(SENSITIVITY_BOUNDS) + 1


def test_words_on_colours_can_be_read():
    assert min(contrast(*pair) for pair in (*LIGHT, *DARK)) >= 4.5


def test_harm_that_is_no_number_is_drawn_as_the_worst():
    ((level, _, word),) = cells(heat_map([Sensitivity("g", (1,), (math.inf,))], has_legend=False))
    assert (level, word) == ("hm2", "serious: >999 %")


def test_bar_below_a_row_ends_at_the_share_that_was_removed():
    def width(lost):
        (found,) = [given for _, given, _ in drawn(heat_map([WHOLE], {"conv": lost})) if given.get("class") == "hm-b"]
        return float(found["width"].rstrip("%"))

    column = (100 - 34) / 7
    assert width(0.125) == pytest.approx(column / 2, abs=0.01)
    assert width(0.5) == pytest.approx(3.5 * column, abs=0.01)
    assert width(1.0) == pytest.approx(66, abs=0.01)
    assert "hm-b" not in [given.get("class") for _, given, _ in drawn(heat_map([WHOLE], {"conv": 0.0}))]


def test_heat_map_starts_with_what_colours_mean():
    words = [word for tag, _, word in drawn(heat_map([WHOLE])) if tag == "text"]
    assert words[0] == LEGEND
    assert words[1:4] == ["negligible <1%", "small 1-10%", "serious >10%"]


def test_names_in_charts_are_escaped_and_shortened():
    evil = "<script>&\"'" * 40
    titles = [word for tag, _, word in drawn(heat_map([Sensitivity(evil, (1,), (0.1,))])) if tag == "title"]
    assert titles == [shortened(evil, 200), "serious: 10 %"]
    chart = line_chart([Line("<b>&", ((0.0, 1.0), (0.5, 0.2)), "20%")], title='a "t"', x_label="<x>", is_share=True)
    assert "<b>&" in [word for _, _, word in drawn(chart)]


def test_lines_of_a_chart_are_told_apart_by_more_than_colour():
    points = ((0.0, 1.0), (0.25, 0.75), (0.5, 0.5))
    lines = [Line("a", points, "50%"), Line("b", points, "50%")]
    tags = [tag for tag, _, _ in drawn(line_chart(lines, title="t", x_label="x", is_share=True))]
    assert (tags.count("circle"), tags.count("rect"), tags.count("polyline")) == (3, 3, 2)


def test_names_of_lines_that_end_together_do_not_overlap():
    points = ((0.0, 1.0), (0.5, 0.5))
    lines = [Line("a", points, "50%"), Line("b", points, "50%")]
    found = drawn(line_chart(lines, title="t", x_label="x", is_share=True))
    heights = [float(given["y"]) for tag, given, _ in found if tag == "text" and "class" not in given]
    assert abs(heights[0] - heights[1]) >= 14


def test_points_lie_within_the_axes():
    chart = line_chart([Line("", ((0.0, 0.0), (0.9, 7.3)), "7.3")], title="t", x_label="x", is_share=False)
    (path,) = [given["points"] for tag, given, _ in drawn(chart) if tag == "polyline"]
    assert path.split()[0] == "42.0,182.0"
    x, y = map(float, path.split()[1].split(","))
    assert x == 248.0
    assert 10 <= y < 20


@pytest.mark.parametrize("top", [1.0, 0.5, 0.05, 0.33, 7.3, 1234.0, 1e-6])
def test_ticks_are_few_and_not_above_the_top(top):
    found = ticks(top)
    assert 2 <= len(found) <= 6
    assert found[0] == 0
    assert found[-1] <= top * (1 + 1e-9)


def test_bar_of_nothing_is_empty():
    assert [given["width"] for tag, given, _ in drawn(bar(0, 0, 0)) if tag == "rect"] == ["0", "0"]
    assert [given["width"] for tag, given, _ in drawn(bar(5, 3, 20)) if tag == "rect"] == ["25", "15"]


@pytest.mark.parametrize(
    "chart",
    [
        heat_map([WHOLE], {"conv": 0.5}),
        line_chart([Line("a", ((0.0, 1.0), (0.5, 0.4)), "40%")], title="t", x_label="x", is_share=True),
    ],
    ids=["heat map", "lines"],
)
def test_chart_on_white_is_the_same_chart_in_one_theme_with_a_size_of_its_own(chart):
    white = on_white(chart)
    (tag, given, _), *inner = drawn(white)
    assert tag == "svg"
    assert {"width", "height"} <= given.keys()
    assert "prefers-color-scheme" not in white
    shapes = [node for node in inner if node[0] != "style"]
    assert shapes[0] == ("rect", {"class": "white", "width": "100%", "height": "100%"}, None)
    assert shapes[1:] == [node for node in drawn(chart)[1:] if node[0] != "style"]


def test_chart_stays_xml_for_any_name():
    name = "\x1b]52;c;ZXZpbA==\x07<b>&\x00\u202e\"'"
    assert drawn(heat_map([Sensitivity(name, (8,), (0.5,))]))
    assert drawn(line_chart([Line(name, ((0.0, 1.0), (0.5, 0.5)), name)], title=name, x_label=name, is_share=True))


def test_chart_is_as_wide_as_the_longest_text_at_the_end_of_a_line():
    short = line_chart([Line("a", ((0.0, 1.0), (0.5, 0.5)), "50.0")], title="t", x_label="x", is_share=True)
    long = line_chart([Line("a" * 40, ((0.0, 1.0), (0.5, 0.5)), "50.0")], title="t", x_label="x", is_share=True)
    assert 'viewBox="0 0 360 226"' in short
    assert int(re.search(r'viewBox="0 0 (\d+) 226"', long)[1]) > 257 + 40 * 5


def test_chart_over_something_else_than_shares_has_plain_numbers_below():
    lines = [Line("", ((0.0, 0.0), (120.0, 7.3)), "7.3")]
    chart = line_chart(lines, title="t", x_label="seconds", is_share=False, is_over_shares=False)
    words = [text for tag, given, text in drawn(chart) if tag == "text" and given.get("text-anchor") == "middle"]
    assert words == ["0", "50", "100", "seconds"]
