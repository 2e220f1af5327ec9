"""The page of a sweep has a picture and a table for each model, and no name changes it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from paoding_onnx.sweep.page import page
from paoding_onnx.sweep.table import row_of
from paoding_onnx.sweep.work import Done
from tests.sweep.sweeps import done, tasks


@pytest.fixture
def rows(tmp_path):
    quarter, half = tasks(tmp_path)
    return [
        replace(row_of(quarter, done(75, 0.95, latency=(3.0, 2.5)), "net/quarter.onnx"), best=True),
        row_of(half, Done(4, "target is out of reach", 0.5), ""),
    ]


def test_page_has_a_picture_and_a_line_for_each_run(rows):
    text = page(rows)
    assert text.count('<svg class="lc"') == 1
    assert text.count("<tr") == 3
    assert '<tr class="best">' in text
    assert "3 \N{RIGHTWARDS ARROW} 2.5 ms" in text
    assert "target out of reach: target is out of reach" in text
    assert "1 wrote nothing, and say why." in text


def test_names_cannot_change_the_page(rows):
    text = page([replace(row, model="<script>alert(1)</script>", message="\x1b]52;c;\x07<b>") for row in rows])
    assert "<script" not in text
    assert "\x1b" not in text


def test_model_of_which_nothing_was_written_has_no_picture(rows):
    text = page(rows[1:])
    assert "<svg" not in text


def test_effort_is_named_in_the_picture_where_a_method_has_several(rows):
    one = replace(rows[0], method="reconstruction", effort="fast")
    other = replace(one, effort="normal")
    assert "<tspan>reconstruction</tspan>" in page([one])
    assert "<tspan>reconstruction fast</tspan>" in page([one, other])
    assert "<tspan>reconstruction normal</tspan>" in page([one, other])
