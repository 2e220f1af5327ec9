"""Where the table of times comes from."""

from __future__ import annotations

from dataclasses import replace

import pytest

from paoding_onnx.context import Run
from paoding_onnx.errors import UsageError
from paoding_onnx.options import Options
from paoding_onnx.pipeline import timing
from paoding_onnx.pipeline.prepare import prepare
from paoding_onnx.pipeline.timing import is_of_here, measured, table_for, times_for
from paoding_onnx.timing.table import table_text
from tests.models import model
from tests.pruning import MLP

OPTIONS = Options(by="latency", method="magnitude", threads=1)


@pytest.fixture(scope="module")
def prepared():
    return prepare(model(MLP), OPTIONS)


def test_times_that_are_measured_are_of_here(prepared):
    table = measured(prepared.folded, prepared.trace, OPTIONS, Run())
    assert is_of_here(table, OPTIONS)
    assert not is_of_here(table, replace(OPTIONS, threads=2))
    assert not is_of_here(replace(table, made={**table.made, "machine": {"cpu": "other"}}), OPTIONS)


def test_cached_times_are_read_again_and_measured_again_if_damaged(prepared, tmp_path, monkeypatch):
    options = replace(OPTIONS, cache=tmp_path)
    first = table_for(prepared.folded, prepared.trace, options, Run())
    (file,) = tmp_path.glob("latency-*.json")
    monkeypatch.setattr(timing, "measured", lambda *_: replace(first, operators={"other": 1.0}))
    kept = table_for(prepared.folded, prepared.trace, options, Run())
    assert kept.operators == pytest.approx(first.operators)
    file.write_text("{}")
    assert table_for(prepared.folded, prepared.trace, options, Run()).operators == {"other": 1.0}


def test_table_of_the_user_is_taken_and_one_of_other_layers_refused(prepared, tmp_path, monkeypatch):
    table = measured(prepared.folded, prepared.trace, OPTIONS, Run())
    (tmp_path / "t.json").write_text(table_text(table))
    monkeypatch.setattr(timing, "measured", lambda *_: pytest.fail("it is given"))
    options = replace(OPTIONS, latency_table=tmp_path / "t.json")
    assert times_for(prepared.folded, prepared.trace, options, Run()) is not None
    (tmp_path / "t.json").write_text(table_text(replace(table, layers={})))
    with pytest.raises(UsageError, match="made for another model"):
        times_for(prepared.folded, prepared.trace, options, Run())


def test_other_targets_need_no_times(prepared):
    assert times_for(prepared.folded, prepared.trace, Options(by="macs"), Run()) is None
