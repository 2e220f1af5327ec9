"""A sweep does what is missing, keeps what is there, and ends in tables and a page."""

from __future__ import annotations

import csv
import json
from concurrent.futures import Executor, Future

import pytest

from paoding_onnx.sweep import run as subject
from paoding_onnx.sweep.run import sweep
from paoding_onnx.sweep.work import Done
from tests.sweep.sweeps import done, tasks


class Scripted(Executor):
    """An executor that answers each run by the name of its result, and notes what it was given."""

    def __init__(self, answers):
        self.answers, self.asked, self.given = answers, [], []

    def submit(self, _work, parcel):
        self.asked.append(parcel.out)
        self.given.append({name for name in parcel.files if "cache" in name})
        future, answer = Future(), self.answers[parcel.out]
        if isinstance(answer, Exception):
            future.set_exception(answer)
        else:
            future.set_result(answer)
        return future


@pytest.fixture(autouse=True)
def _untimed(monkeypatch):
    monkeypatch.setattr(subject, "_latency", lambda *_: None)


QUARTER, HALF = "magnitude-parameters-25.onnx", "magnitude-parameters-50.onnx"
GOOD = {QUARTER: done(75, 0.95, QUARTER), HALF: done(50, 0.9, HALF)}


def told():
    said = []
    return said, lambda what, share: said.append((what, share))


def test_sweep_writes_models_tables_and_a_page(tmp_path):
    said, progress = told()
    rows = sweep(tasks(tmp_path), tmp_path / "runs", Scripted(GOOD), progress)
    assert [(row.target, row.status, row.best) for row in rows] == [(0.25, 0, True), (0.5, 0, True)]
    assert (tmp_path / "runs" / "net" / QUARTER).read_bytes() == b"small"
    with (tmp_path / "runs" / "results.csv").open(newline="") as file:
        assert [line["file"] for line in csv.DictReader(file)] == [f"net/{QUARTER}", f"net/{HALF}"]
    assert f'href="net/{HALF}"' in (tmp_path / "runs" / "index.html").read_text()
    assert said[0] == ("0 of 2 runs, 0 failed", 0.0)
    assert "2 of 2 runs, 0 failed" in [what for what, _ in said]


def test_run_that_was_done_before_is_not_done_again(tmp_path):
    first, again = Scripted(GOOD), Scripted(GOOD)
    found = sweep(tasks(tmp_path), tmp_path / "runs", first, told()[1])
    assert sweep(tasks(tmp_path), tmp_path / "runs", again, told()[1]) == found
    assert (first.asked, again.asked) == ([QUARTER, HALF], [])


def test_run_of_another_key_or_without_its_model_is_done_again(tmp_path):
    sweep(tasks(tmp_path), tmp_path / "runs", Scripted(GOOD), told()[1])
    record = tmp_path / "runs" / "net" / "magnitude-parameters-25.json"
    record.write_text(record.read_text().replace(json.loads(record.read_text())["key"], "0" * 16))
    (tmp_path / "runs" / "net" / HALF).unlink()
    again = Scripted(GOOD)
    sweep(tasks(tmp_path), tmp_path / "runs", again, told()[1])
    assert again.asked == [QUARTER, HALF]


@pytest.mark.parametrize(("status", "is_final"), [(4, True), (1, True), (70, False), (130, False), (5, False)])
def test_run_that_failed_is_done_again_only_if_it_could_end_otherwise(status, is_final, tmp_path):
    answers = {QUARTER: Done(status, "why", 1.0), HALF: GOOD[HALF]}
    rows = sweep(tasks(tmp_path), tmp_path / "runs", Scripted(answers), told()[1])
    assert [(row.status, row.message) for row in rows] == [(status, "why"), (0, "")]
    again = Scripted(GOOD)
    sweep(tasks(tmp_path), tmp_path / "runs", again, told()[1])
    assert again.asked == ([] if is_final else [QUARTER])


def test_worker_that_was_lost_is_a_run_that_failed(tmp_path):
    said, progress = told()
    answers = {QUARTER: OSError("worker died"), HALF: GOOD[HALF]}
    rows = sweep(tasks(tmp_path), tmp_path / "runs", Scripted(answers), progress)
    assert (rows[0].status, rows[0].message) == (70, "OSError: worker died")
    assert "2 of 2 runs, 1 failed" in [what for what, _ in said]


def test_latency_is_measured_once_everything_is_done(tmp_path, monkeypatch):
    seen = []

    class Found:
        before, after = 2.0, 1.0

    monkeypatch.setattr(subject, "_latency", lambda task, *_: seen.append(task.name) or Found)
    rows = sweep(tasks(tmp_path), tmp_path / "runs", Scripted(GOOD), told()[1])
    assert [(row.latency_before, row.latency_after) for row in rows] == [(2.0, 1.0)] * 2
    sweep(tasks(tmp_path), tmp_path / "runs", Scripted({}), told()[1])
    assert len(seen) == 2


def test_what_one_run_measures_the_others_of_the_model_and_method_are_given(tmp_path):
    grid = {"methods": ("magnitude", "reconstruction"), "targets": (0.25, 0.5, 0.75)}
    names = [f"{method}-parameters-{share}.onnx" for method in grid["methods"] for share in (25, 50, 75)]
    answers = {name: done(50, 0.9, name, measured={"entry.npz": b"measured"}) for name in names}
    executor = Scripted(answers)
    rows = sweep(tasks(tmp_path, **grid), tmp_path / "runs", executor, told()[1])
    assert executor.asked == [names[0], names[3], *names[1:3], *names[4:]]
    assert executor.given == [set()] * 2 + [{"cache/entry.npz"}] * 4
    assert [row.method for row in rows] == ["magnitude"] * 3 + ["reconstruction"] * 3
    assert not list((tmp_path / "runs").rglob("*.npz"))


def test_when_the_run_ahead_is_lost_the_others_measure_for_themselves(tmp_path):
    names = [f"reconstruction-parameters-{share}.onnx" for share in (25, 50)]
    executor = Scripted({names[0]: OSError("worker died"), names[1]: done(50, 0.9, names[1])})
    rows = sweep(tasks(tmp_path, methods=("reconstruction",)), tmp_path / "runs", executor, told()[1])
    assert [row.status for row in rows] == [70, 0]
    assert executor.given == [set(), set()]
