"""Rows tell what came of runs; a row is among the best if no other one is both smaller and better."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from importlib.util import find_spec

import pytest

from paoding_onnx.sweep.table import best_of, csv_text, quality_of, row_of, size_of, write_parquet
from paoding_onnx.sweep.work import Done
from tests.sweep.sweeps import done, tasks


@pytest.fixture
def row(tmp_path):
    return row_of(tasks(tmp_path)[0], done(latency=(2.0, 1.5)), "net/small.onnx")


def test_row_has_what_the_run_said(row):
    assert (row.model, row.method, row.target, row.status, row.file) == ("net", "magnitude", 0.25, 0, "net/small.onnx")
    assert (row.parameters_left, row.macs_left, row.file_bytes) == (0.5, 0.5, 200)
    assert (row.measure, row.quality, row.outlook) == ("same answers", 0.9, "test it before use")
    assert (row.latency_before, row.latency_after) == (2.0, 1.5)


def test_run_that_failed_is_a_row_with_its_reason(tmp_path):
    row = row_of(tasks(tmp_path)[0], Done(4, "out of reach", 2.0), "net/small.onnx")
    assert (row.status, row.message, row.file, row.quality, row.parameters_left) == (4, "out of reach", "", None, None)


def test_accuracy_counts_before_answers_and_these_before_numbers():
    measured = {"accuracy_after": 0.8, "agreement": 0.9, "output_error": 0.25}
    assert quality_of(measured) == ("accuracy", 0.8)
    assert quality_of({**measured, "accuracy_after": None}) == ("same answers", 0.9)
    assert quality_of({"output_error": 0.25}) == ("1 - output error", 0.75)
    assert quality_of({}) == ("", None)


def test_best_are_those_that_no_other_beats_in_size_and_quality(row):
    sizes = {"small": (0.3, 0.7), "middle": (0.5, 0.9), "worse": (0.6, 0.8), "large": (0.8, 0.95), "none": (0.1, None)}
    rows = [replace(row, key=key, parameters_left=left, quality=q) for key, (left, q) in sizes.items()]
    assert best_of(rows) == {"small", "middle", "large"}
    assert best_of([replace(one, by="macs", macs_left=one.parameters_left) for one in rows]) == best_of(rows)


def test_cell_cannot_start_a_formula(row):
    (found,) = csv.DictReader(io.StringIO(csv_text([replace(row, model="=cmd()")])))
    assert found["model"] == "'=cmd()"
    assert found["parameters_left"] == "0.5"


def test_parquet_is_written_where_it_can_be(row, tmp_path):
    assert write_parquet([row], tmp_path / "r.parquet") is (find_spec("pyarrow") is not None)
    assert (tmp_path / "r.parquet").exists() is (find_spec("pyarrow") is not None)


def test_size_is_time_where_targets_count_it(row):
    timed = replace(row, by="latency")
    assert size_of(timed) == 0.75
    assert size_of(replace(timed, latency_after=None)) == timed.macs_left
    assert size_of(row) == row.parameters_left
