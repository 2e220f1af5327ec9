"""Times of layers are measured once for each model of a sweep, and taken from the folder after that."""

from __future__ import annotations

import pytest

from paoding_onnx.errors import ModelError
from paoding_onnx.sweep import timing as subject
from paoding_onnx.sweep.grid import Grid, source_of, tasks_of
from paoding_onnx.sweep.timing import with_tables
from paoding_onnx.sweep.work import measure_table, parcel_of
from scripts import ROOT

MODEL = ROOT / "models" / "fraud_mlp.onnx"


@pytest.fixture
def measured(monkeypatch):
    """The tables that were asked for, none of which is measured."""
    asked = []

    def measure(source, target, words):
        asked.append((source.name, target.name, words))
        target.write_text("{}")

    monkeypatch.setattr(subject, "measure_table", measure)
    return asked


def test_table_is_measured_once_and_belongs_to_the_key(tmp_path, measured, monkeypatch):
    source = source_of(MODEL)
    plain = tasks_of([source], Grid(by="latency"))[0]
    (timed,) = with_tables([source], tmp_path, ("--seed", "1"), lambda *_: None)
    assert measured == [("fraud_mlp", f"latency-{source.hashes[0][:16]}.json", ("--seed", "1"))]
    assert tasks_of([timed], Grid(by="latency"))[0].key != plain.key
    monkeypatch.setattr(subject, "read_table", lambda _path: None)
    again = with_tables([source], tmp_path, (), lambda *_: None)
    assert (again, len(measured)) == ((timed,), 1)


def test_table_goes_along_with_each_run(tmp_path, measured):
    (timed,) = with_tables([source_of(MODEL)], tmp_path, (), lambda *_: None)
    parcel = parcel_of(tasks_of([timed], Grid(by="latency"))[0])
    assert parcel.files["latency_table.json"] == b"{}"
    assert parcel.words[-2:] == ("--latency-table", "latency_table.json")


@pytest.mark.slow
def test_layers_are_timed_by_the_command(tmp_path):
    measure_table(source_of(MODEL), tmp_path / "t.json", ("--seed", "1", "--input", "transaction=1x29"))
    assert subject._is_whole(tmp_path / "t.json")


@pytest.mark.slow
def test_model_that_cannot_be_timed_is_told(tmp_path):
    with pytest.raises(ModelError, match=r"the layers of fraud_mlp could not be timed: .*no input is named 'x'"):
        measure_table(source_of(MODEL), tmp_path / "t.json", ("--input", "x=3"))
