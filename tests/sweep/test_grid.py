"""Every run has a name, words for `prune` and a key that changes with all that its result depends on."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from paoding_onnx.errors import UsageError
from paoding_onnx.sweep.grid import Grid, read_labels, source_of, tasks_of
from scripts import ROOT
from tests.sweep.sweeps import tasks

FRAUD = ROOT / "models" / "fraud_mlp.onnx"


def test_grid_has_a_run_for_each_model_target_method_and_effort(tmp_path):
    methods, efforts = ("reconstruction", "magnitude"), ("fast", "high")
    found = tasks(tmp_path, "a", "b", methods=methods, efforts=efforts, by="macs")
    assert [task.name for task in found[:6]] == [
        *("reconstruction-fast-macs-25", "reconstruction-high-macs-25"),
        *("reconstruction-fast-macs-50", "reconstruction-high-macs-50"),
        *("magnitude-macs-25", "magnitude-macs-50"),
    ]
    assert [task.source.name for task in found] == ["a"] * 6 + ["b"] * 6
    assert found[1].words == ("--target", "0.25", "--by", "macs", "--method", "reconstruction", "--effort", "high")
    assert len({task.key for task in found}) == 12


def test_key_changes_with_the_model_the_samples_and_the_options(tmp_path):
    source = source_of(FRAUD)
    (tmp_path / "test.npz").write_bytes(b"labelled")
    others = [
        tasks_of([source_of(FRAUD, tmp_path / "test.npz")], Grid()),
        tasks_of([source], Grid(options=("--seed", "1"))),
        tasks_of([replace(source, hashes=("another",))], Grid()),
        tasks_of([source], Grid()),
    ]
    keys = [found[0].key for found in others]
    assert len(set(keys)) == 4
    assert tasks_of([source], Grid())[0].key == keys[3]


def test_models_of_one_name_are_refused(tmp_path):
    with pytest.raises(UsageError, match="two models are called 'a'"):
        tasks(tmp_path, "a", "a")


def test_labelled_samples_stand_beside_their_list(tmp_path):
    (tmp_path / "test.npz").touch()
    (tmp_path / "map.json").write_text(json.dumps({"net.onnx": "test.npz"}))
    assert read_labels(tmp_path / "map.json") == {"net.onnx": tmp_path / "test.npz"}
    assert read_labels(None) == {}


@pytest.mark.parametrize(
    ("text", "said"),
    [("{", "is not JSON"), ("[1]", "not of the form"), ('{"a.onnx": "gone.npz"}', "gone.npz, which is no file")],
)
def test_list_of_labelled_samples_that_is_none_is_refused(text, said, tmp_path):
    (tmp_path / "map.json").write_text(text)
    with pytest.raises(UsageError, match=said):
        read_labels(tmp_path / "map.json")


def test_what_a_file_in_the_options_holds_belongs_to_the_key_and_its_path_holds_anywhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    source, grid = source_of(ROOT / "models" / "fraud_mlp.onnx"), Grid(options=("--calibration", "x.npy"))
    keys = []
    for content in (b"1", b"2"):
        (tmp_path / "x.npy").write_bytes(content)
        (task,) = tasks_of([source], grid)
        keys.append(task.key)
        assert task.words[-2:] == ("--calibration", str(tmp_path / "x.npy"))
    assert keys[0] != keys[1]
