"""What `profile` prints."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from paoding_onnx.report.timing import profile_lines
from paoding_onnx.timing.table import LatencyTable, Times
from tests.report.printed import rows, text

TABLE = LatencyTable({"one": Times(((4, 8),), np.ones(2))}, {"Relu": 0.5, "[Conv]": 1.5}, ("other",))


def test_operators_are_listed_by_what_they_take():
    lines = text(profile_lines(TABLE, Path("t.json")))
    assert lines.splitlines()[0] == "1 kind of layers timed, 2 widths in all"
    assert "1 kind of layers cannot be run alone" in lines
    assert lines.splitlines()[-1] == "wrote t.json"
    found = [row for row in rows(profile_lines(TABLE, Path("t.json"))) if row and row[0] in ("[Conv]", "Relu")]
    assert [row[0] for row in found] == ["[Conv]", "Relu"]
