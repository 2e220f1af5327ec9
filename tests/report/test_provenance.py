"""What `inspect` says of the record of a file's making."""

from __future__ import annotations

import pytest

from paoding_onnx.report.provenance import MOST_LETTERS, provenance_lines

ENTRY = {
    "versions": {"paoding_onnx": "0.2.0"},
    "original": {"sha256": "ab12"},
    "options": {"target": 0.3, "method": "magnitude"},
    "parameters": {"before": 400, "after": 300},
    "seed": 1,
}


def test_every_time_that_a_file_was_pruned_has_a_line():
    lines = list(provenance_lines({**ENTRY, "earlier": [ENTRY | {"options": {}}], "forgotten": 2}))
    said = "by paoding_onnx 0.2.0 from the file with SHA-256 ab12: 400 -> 300 parameters"
    assert lines == [
        f"made {said}; target=0.3, method=magnitude; seed 1",
        f"before that {said}; defaults; seed 1",
        "and 2 earlier records that the file does not keep",
    ]


def test_file_that_tells_nothing_has_no_line():
    assert list(provenance_lines(None)) == []


@pytest.mark.parametrize("strange", [{"versions": 3, "original": [], "earlier": {"a": 1}}, {"earlier": [3, "x"]}, {}])
def test_strange_record_is_no_error(strange):
    assert len(list(provenance_lines(strange))) == 1


def test_record_can_neither_fill_the_screen_nor_colour_it():
    (line,) = provenance_lines({**ENTRY, "seed": "[red]\n" + "x" * 1000})
    assert len(line) < MOST_LETTERS + 10
    assert "\n" not in line
