"""What a sweep prints."""

from __future__ import annotations

from pathlib import Path

from paoding_onnx.sweep.said import sweep_document, sweep_lines
from paoding_onnx.sweep.table import row_of
from paoding_onnx.sweep.work import Done
from tests.sweep.sweeps import done, tasks


def test_lines_end_in_how_many_failed_and_where_the_rest_is(tmp_path):
    quarter, half = tasks(tmp_path)
    rows = [row_of(quarter, done(), "net/q.onnx"), row_of(half, Done(4, "out of reach", 0.5), "")]
    found, count, where = sweep_lines(rows, Path("runs"))
    assert found.row_count == 2
    assert count.startswith("2 runs, 1 failed")
    assert where == "see runs/index.html and runs/results.csv"
    document = sweep_document(rows)
    assert document["format"] == "paoding_onnx sweep 1"
    assert [run["status"] for run in document["runs"]] == [0, 4]
