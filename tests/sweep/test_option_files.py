"""Files that options name are found from any folder, and what they hold belongs to what a run depends on."""

from __future__ import annotations

import pytest

from paoding_onnx.sweep.option_files import hashes_of, with_absolute_paths


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "a.png").write_bytes(b"a")
    (tmp_path / "ids.txt").write_text("1")
    (tmp_path / "h.npy").write_bytes(b"h")
    return tmp_path


@pytest.mark.parametrize(
    ("words", "wanted"),
    [
        (("--calibration", "photos"), ("--calibration", "{here}/photos")),
        (("--calibration=photos",), ("--calibration={here}/photos",)),
        (("--quiet", "--vocabulary", "ids.txt", "--memory", "1G"), (..., ..., "{here}/ids.txt", ..., ...)),
        (("--cache", "kept"), ("--cache", "{here}/kept")),
        (("--input", "h=h.npy", "--input", "sr=16000"), (..., "h={here}/h.npy", ..., "sr=16000")),
        (("--input=h=h.npy",), ("--input=h={here}/h.npy",)),
        (("--preprocess", "photos", "--exclude", "ids.txt"), (..., "photos", ..., "ids.txt")),
        ((), ()),
    ],
)
def test_paths_hold_in_any_folder(words, wanted, here):
    said = [word if one is ... else one.replace("{here}", str(here)) for word, one in zip(words, wanted, strict=True)]
    assert with_absolute_paths(words) == tuple(said)


def test_what_a_file_holds_changes_the_hashes_and_where_it_is_does_not(here):
    words = ("--calibration", "photos", "--vocabulary", "ids.txt", "--input", "h=h.npy", "--cache", "photos")
    before = hashes_of(words)
    assert len(set(before)) == 3
    assert hashes_of(with_absolute_paths(words)) == before
    (here / "photos" / "a.png").write_bytes(b"b")
    after = hashes_of(words)
    assert (after[0] == before[0], after[1:]) == (False, before[1:])


def test_what_is_not_there_has_no_hash(here):
    assert hashes_of(("--calibration", "nowhere", "--calibration")) == ()
