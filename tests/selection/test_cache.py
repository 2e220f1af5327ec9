"""The cache: what is kept comes back as it was, and what is damaged or of something else is not there."""

from __future__ import annotations

from dataclasses import fields, replace

import numpy as np
import pytest

from paoding_onnx.calibration.preprocess import Preprocess
from paoding_onnx.calibration.samples import Samples
from paoding_onnx.errors import OutputError, UsageError
from paoding_onnx.options import Options
from paoding_onnx.selection import cache
from paoding_onnx.selection.cache import WITHOUT_EFFECT, Entry, check_folder, key_of, read_entry, write_entry
from paoding_onnx.surgery.cut import reweigh
from tests.models import model
from tests.pruning import MLP

KEY = "ab" * 32
ENTRY = Entry({"0": np.arange(6, dtype=np.float32).reshape(2, 3), "1": np.array(7)}, {"words": ["a", 1, None]})
OTHER = {
    "provider": "openvino",
    "method": "magnitude",
    "exclude": ("a*",),
    "only": ("b",),
    "exact_only": True,
    "choose": ("blocks",),
    "allocation": "uniform",
    "seed": 1,
    "threads": 1,
    "input_kind": "noise",
    "preprocess": Preprocess(mean=(0.5,)),
    "distill": 3,
    "input_shapes": {"x": (2, 8)},
    "input_values": {"x": 1.0},
}
"""Another value for every option that matters."""


def test_what_is_kept_comes_back(tmp_path):
    write_entry(tmp_path, KEY, ENTRY)
    found = read_entry(tmp_path, KEY)
    assert found.description == ENTRY.description
    assert found.arrays.keys() == ENTRY.arrays.keys()
    assert all(np.array_equal(found.arrays[name], array) for name, array in ENTRY.arrays.items())


def test_nothing_is_under_a_key_that_nothing_was_kept_under(tmp_path):
    write_entry(tmp_path, KEY, ENTRY)
    assert read_entry(tmp_path, "cd" * 32) is None


def test_an_entry_under_the_name_of_another_key_is_not_there(tmp_path):
    write_entry(tmp_path, KEY, ENTRY)
    (tmp_path / f"{KEY}.npz").rename(tmp_path / f"{'cd' * 32}.npz")
    assert read_entry(tmp_path, "cd" * 32) is None


def test_wherever_a_byte_is_wrong_the_entry_is_not_there_or_as_it_was(tmp_path):
    write_entry(tmp_path, KEY, ENTRY)
    path = tmp_path / f"{KEY}.npz"
    whole = path.read_bytes()
    for place in range(0, len(whole), 7):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 0xFF]) + whole[place + 1 :])
        found = read_entry(tmp_path, KEY)
        assert found is None or np.array_equal(found.arrays["0"], ENTRY.arrays["0"])


@pytest.mark.parametrize("content", [b"", b"PK", b"\x80\x04N.", b"\x93NUMPY"], ids=["empty", "cut", "pickle", "npy"])
def test_files_of_something_else_are_not_there(tmp_path, content):
    (tmp_path / f"{KEY}.npz").write_bytes(content)
    assert read_entry(tmp_path, KEY) is None


def test_an_archive_of_objects_is_not_opened(tmp_path):
    np.savez(tmp_path / f"{KEY}.npz", header=np.array([print], object), allow_pickle=True)
    assert read_entry(tmp_path, KEY) is None


def test_a_cut_entry_is_not_there(tmp_path):
    write_entry(tmp_path, KEY, ENTRY)
    path = tmp_path / f"{KEY}.npz"
    path.write_bytes(path.read_bytes()[:-40])
    assert read_entry(tmp_path, KEY) is None


def test_nothing_else_is_left_in_the_folder(tmp_path):
    write_entry(tmp_path, KEY, ENTRY)
    write_entry(tmp_path, KEY, ENTRY)
    assert [path.name for path in tmp_path.iterdir()] == [f"{KEY}.npz"]


def test_a_folder_that_takes_nothing_does_not_end_a_run(tmp_path, monkeypatch):
    def refuse(*_):
        raise OutputError("full")

    monkeypatch.setattr(cache, "write_arrays", refuse)
    write_entry(tmp_path, KEY, ENTRY)
    assert read_entry(tmp_path, KEY) is None


def test_a_folder_is_made_and_a_file_is_refused(tmp_path):
    check_folder(tmp_path / "a" / "b")
    check_folder(tmp_path / "a" / "b")
    assert (tmp_path / "a" / "b").is_dir()
    (tmp_path / "c").write_text("")
    with pytest.raises(UsageError, match="not a folder"):
        check_folder(tmp_path / "c")
    with pytest.raises(OutputError, match="--cache"):
        check_folder(tmp_path / "c" / "d")


def test_every_option_is_said_to_matter_or_not():
    assert {field.name for field in fields(Options)} == OTHER.keys() | WITHOUT_EFFECT


@pytest.mark.parametrize("name", OTHER)
def test_every_option_that_matters_changes_the_key(name):
    subject = model(MLP)
    assert key_of(subject, replace(Options(), **{name: OTHER[name]}), None) != key_of(subject, Options(), None)


def test_another_target_has_the_same_key():
    subject = model(MLP)
    other = Options(target=0.3, by="macs", effort="high")
    assert key_of(subject, other, None) == key_of(subject, Options(), None)


def test_other_weights_have_another_key():
    subject = model(MLP)
    other = reweigh(subject, {"c": np.zeros((12, 4), np.float32)})
    assert key_of(other, Options(), None) != key_of(subject, Options(), None)


def test_the_content_of_samples_is_a_part_of_the_key():
    subject = model(MLP)
    keys = {
        key_of(subject, Options(), Samples(({"x": np.full((2, 8), k, np.float32)},), "real", is_synthetic=False))
        for k in range(3)
    }
    assert len(keys | {key_of(subject, Options(), None)}) == 4
    assert key_of(subject, Options(), None) in keys | {key_of(subject, Options(), None)}


def test_what_a_file_for_an_input_holds_is_a_part_of_the_key(tmp_path):
    subject, path = model(MLP), tmp_path / "x.npy"
    keys = set()
    for k in range(2):
        np.save(path, np.full(8, k, np.float32))
        keys.add(key_of(subject, Options(input_values={"x": path}), None))
    assert len(keys) == 2
