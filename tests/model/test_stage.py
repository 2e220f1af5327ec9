"""Files wait for their names and get them together; what a kill interrupts, the next run puts back."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from paoding_onnx.errors import OutputError
from paoding_onnx.model.stage import Stage, clean_up, stage
from tests.pruning import files


class Killed(BaseException):
    """The process is no more: nothing that it would have done afterwards happens."""


def test_what_is_not_committed_is_deleted(tmp_path):
    with stage() as held:
        held.place(tmp_path / "a").write_text("a")
        held.place(tmp_path / "b").write_text("b")
        held.commit(tmp_path / "a")
        folder = held.place(tmp_path / "b").parent
    assert files(tmp_path) == {"a": b"a"}
    assert not folder.exists()


def test_files_of_one_name_in_two_folders_do_not_meet(tmp_path):
    targets = [tmp_path / "x" / "run.json", tmp_path / "y" / "run.json"]
    with stage() as held:
        for target in targets:
            target.parent.mkdir()
            held.place(target).write_text(str(target.parent.name))
        held.commit(*targets)
    assert [target.read_text() for target in targets] == ["x", "y"]


def test_commit_that_fails_puts_back_what_was_there(tmp_path, monkeypatch):
    old, new, last = (tmp_path / name for name in ("old", "new", "last"))
    old.write_text("precious")
    replace = os.replace

    def full(source, target):
        if Path(target) == last:
            raise OSError(28, "No space left on device")
        replace(source, target)

    with stage() as held:
        for target in (old, new, last):
            held.place(target).write_text("fresh")
        monkeypatch.setattr(os, "replace", full)
        with pytest.raises(OutputError, match=r"last: No space left on device; nothing was changed"):
            held.commit(old, new, last)
    assert files(tmp_path) == {"old": b"precious"}


@pytest.mark.parametrize("error", [KeyboardInterrupt, RuntimeError])
def test_stage_is_deleted_whatever_happens(tmp_path, error):
    def litter(path):
        path.write_text("a")
        raise error

    with pytest.raises(error), stage() as held:
        litter(held.place(tmp_path / "a"))
    assert list(tmp_path.iterdir()) == []


def test_old_content_is_there_until_the_commit(tmp_path):
    (tmp_path / "a").write_text("old")
    with stage() as held:
        held.place(tmp_path / "a").write_text("new")
        assert (tmp_path / "a").read_text() == "old"
        held.commit(tmp_path / "a")
        assert (tmp_path / "a").read_text() == "new"


def test_last_file_is_named_last(tmp_path, monkeypatch):
    named = []
    monkeypatch.setattr(os, "replace", lambda _source, target: named.append(target.name))
    with stage() as held:
        held.commit(tmp_path / "m.onnx.data", tmp_path / "m.onnx")
    assert named == ["m.onnx.data", "m.onnx"]


@pytest.fixture
def pair(tmp_path, monkeypatch):
    """A model with its weights beside it."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    old, weights = tmp_path / "m.onnx", tmp_path / "m.onnx.data"
    old.write_text("old")
    weights.write_text("old weights")
    return weights, old


def killed_at(step: int, targets, monkeypatch) -> None:
    """Write new files to the targets, and be killed before name number `step` is given or taken away."""
    replace, held = os.replace, Stage()
    left = iter(range(step))

    def replace_or_die(source, target):
        if next(left, None) is None:
            raise Killed
        replace(source, target)

    for target in targets:
        held.place(target).write_text(f"new {target.suffix}")
    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", replace_or_die)
        patch.setattr("paoding_onnx.model.stage._roll_back", lambda *_: None)
        with pytest.raises(Killed):
            held.commit(*targets)
    held._folders[targets[0].parent].let_go()


@pytest.mark.parametrize("step", range(4))
def test_model_never_stands_beside_weights_of_another_one_after_a_kill(step, pair, tmp_path, monkeypatch):
    killed_at(step, pair, monkeypatch)
    found = {path.name: path.read_text() for path in tmp_path.glob("m.*")}
    assert found.get("m.onnx", "old") == "old"
    assert "m.onnx" not in found or found["m.onnx.data"] == "old weights"
    clean_up(tmp_path)
    assert files(tmp_path) == {"m.onnx": b"old", "m.onnx.data": b"old weights"}
    assert not list(tmp_path.glob(".paoding*"))


@pytest.mark.parametrize("step", range(2))
def test_file_without_its_model_is_removed_after_a_kill(step, tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    killed_at(step, (tmp_path / "m.onnx.data", tmp_path / "m.onnx"), monkeypatch)
    clean_up(tmp_path)
    assert files(tmp_path) == {}


def test_files_that_all_got_their_names_before_a_kill_stay(pair, tmp_path):
    held = Stage()
    for target in pair:
        held.place(target).write_text("new")
    held.commit(*pair)
    held._folders[tmp_path].let_go()
    clean_up(tmp_path)
    assert files(tmp_path) == {"m.onnx": b"new", "m.onnx.data": b"new"}


def test_planted_leftover_cannot_remove_a_file_that_was_not_written_from_it(tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    planted = tmp_path / ".paoding_onnx-evil"
    for name in ("new", "old", "link"):
        (planted / name).mkdir(parents=True)
    (planted / "new" / "m.onnx").write_text("new")
    (planted / "link" / "m.onnx").write_text("other")
    (tmp_path / "m.onnx").write_text("precious")
    clean_up(tmp_path)
    assert files(tmp_path) == {"m.onnx": b"precious"}


def test_stage_of_a_run_that_lives_is_left_alone(pair, tmp_path):
    with stage() as held:
        held.place(pair[1]).write_text("new")
        clean_up(tmp_path)
        held.commit(pair[1])
    assert pair[1].read_text() == "new"


def test_interruption_in_the_middle_puts_back_what_was_there(pair, tmp_path, monkeypatch):
    replace, left = os.replace, iter(range(3))

    def interrupt(source, target):
        if next(left, None) == 2:
            raise KeyboardInterrupt
        replace(source, target)

    with stage() as held:
        for target in pair:
            held.place(target).write_text("new")
        monkeypatch.setattr(os, "replace", interrupt)
        with pytest.raises(KeyboardInterrupt):
            held.commit(*pair)
    assert files(tmp_path) == {"m.onnx": b"old", "m.onnx.data": b"old weights"}
