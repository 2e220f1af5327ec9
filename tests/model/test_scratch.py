"""Scratch folders go with their run; what a killed one left is known by its lock."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile

import pytest

from paoding_onnx.model.scratch import PREFIX, Scratch, scratch_folder, sweep

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals, locks and pipes are other things there")


@pytest.mark.parametrize("error", [KeyboardInterrupt, RuntimeError])
def test_folder_is_gone_whatever_happens(tmp_path, error):
    def litter(folder):
        (folder / "file").write_text("a")
        raise error

    with pytest.raises(error), scratch_folder(tmp_path) as folder:
        litter(folder)
    assert list(tmp_path.iterdir()) == []


def test_folder_of_a_run_that_lives_is_not_swept(tmp_path):
    with scratch_folder(tmp_path) as folder:
        sweep(tmp_path)
        assert folder.is_dir()


@pytest.mark.skipif(sys.platform == "win32", reason="locks are another thing there")
def test_folder_of_a_process_that_was_killed_is_swept(tmp_path):
    code = "import os, sys; from pathlib import Path; from paoding_onnx.model.scratch import Scratch; "
    code += "(Scratch(Path(sys.argv[1])).path / 'big').write_text('a'); os.kill(os.getpid(), 9)"
    subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=False)
    assert len(list(tmp_path.iterdir())) == 1
    sweep(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_folder_that_was_swept_before_it_could_be_locked_is_made_again(tmp_path, monkeypatch):
    made, left = tempfile.mkdtemp, iter(range(2))

    def swept_at_once(**more):
        path = made(**more)
        if next(left) == 0:
            sweep(tmp_path)
        return path

    monkeypatch.setattr(tempfile, "mkdtemp", swept_at_once)
    with scratch_folder(tmp_path) as folder:
        assert list(tmp_path.iterdir()) == [folder]


def test_folder_is_not_swept_where_there_are_no_locks(tmp_path, monkeypatch):
    monkeypatch.setattr("fcntl.flock", lambda *_: os.open("/none", 0))
    with scratch_folder(tmp_path) as folder:
        sweep(tmp_path)
        assert folder.is_dir()


def test_links_and_files_of_such_a_name_are_left_alone(tmp_path):
    (tmp_path / "real").mkdir()
    (tmp_path / f"{PREFIX}link").symlink_to("real")
    (tmp_path / f"{PREFIX}file").touch()
    sweep(tmp_path)
    assert (tmp_path / "real").exists()
    assert (tmp_path / f"{PREFIX}file").exists()


def test_sweeping_where_nothing_is_does_nothing(tmp_path):
    sweep(tmp_path / "none")
    scratch = Scratch(tmp_path)
    scratch.close()
    assert list(tmp_path.iterdir()) == []
