"""A run is a parcel that can be done anywhere, and what it made comes back."""

from __future__ import annotations

import pytest

from paoding_onnx.sweep import work
from paoding_onnx.sweep.grid import Grid, source_of, tasks_of
from paoding_onnx.sweep.process import Ended
from paoding_onnx.sweep.work import Parcel, parcel_of, run_parcel
from scripts import ROOT

MODELS = ROOT / "models"


@pytest.fixture
def parcel():
    source = source_of(MODELS / "fraud_mlp.onnx", MODELS / "fraud_mlp_test.npz")
    return parcel_of(tasks_of([source], Grid(targets=(0.3,), methods=("magnitude",)))[0])


def test_parcel_has_all_that_a_machine_without_our_files_needs(parcel):
    assert list(parcel.files) == ["fraud_mlp.onnx", "labelled.npz"]
    assert parcel.files["fraud_mlp.onnx"] == (MODELS / "fraud_mlp.onnx").read_bytes()
    assert (parcel.out, parcel.labelled) == ("magnitude-parameters-30.onnx", "labelled.npz")


def test_run_that_fails_brings_back_its_line(parcel, monkeypatch):
    seen = []

    def look(words, folder):
        seen.append(words)
        return Ended(4, "", "paoding_onnx: error: out of reach")

    monkeypatch.setattr(work, "run_command", look)
    done = run_parcel(parcel)
    assert (done.status, done.message, done.files) == (4, "paoding_onnx: error: out of reach", {})
    assert seen[0][seen[0].index("--threads") + 1] == "1"
    assert "--no-latency" in seen[0]


@pytest.mark.slow
def test_run_brings_back_the_model_and_what_was_said(parcel):
    done = run_parcel(parcel)
    assert (done.status, done.message, list(done.files)) == (0, "", ["magnitude-parameters-30.onnx"])
    assert done.document["measured"]["accuracy_after"] > 0.9
    assert done.document["measured"]["latency"] is None
    assert run_parcel(parcel).files == done.files


@pytest.mark.slow
def test_run_that_is_given_what_another_one_measured_makes_the_same_bytes():
    source = source_of(MODELS / "fraud_mlp.onnx")
    less, more = tasks_of([source], Grid(targets=(0.3, 0.5), efforts=("fast",)))
    first, alone = run_parcel(parcel_of(less)), run_parcel(parcel_of(more))
    assert len(first.measured) == 2  # what units do, and inputs to compare on
    helped = run_parcel(parcel_of(more, first.measured))
    assert (helped.files, helped.measured) == (alone.files, {})
    assert helped.files != first.files


@pytest.mark.slow
def test_cache_of_the_users_is_used_in_place_of_ours(tmp_path):
    source = source_of(MODELS / "fraud_mlp.onnx")
    options = ("--cache", str(tmp_path / "mine"))
    (task,) = tasks_of([source], Grid(targets=(0.3,), efforts=("fast",), options=options))
    assert run_parcel(parcel_of(task)).measured == {}
    assert len(list((tmp_path / "mine").iterdir())) == 2


@pytest.mark.slow
def test_model_that_is_none_is_a_status_and_a_line():
    done = run_parcel(Parcel(("--target", "0.5"), {"m.onnx": b"nothing"}, "small.onnx"))
    assert done.status == 3
    assert "m.onnx is not an ONNX model" in done.message
