"""What is no file is not opened: a pipe would be waited for, a device read without end."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from paoding_onnx.model.input_files import why_unreadable

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals, locks and pipes are other things there")


def test_link_to_a_file_is_followed(tmp_path):
    (tmp_path / "link").symlink_to("file")
    (tmp_path / "file").touch()
    assert why_unreadable(tmp_path / "link") == ""


def test_pipe_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    assert why_unreadable(tmp_path / "pipe") == "it is a pipe, not a file"


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("/dev/zero", "it is a device, not a file"),
        ("/", "it is a folder, not a file"),
        ("/none/there", "No such file or directory"),
        ("a\0b", "embedded null byte"),
        ("a" * 5000, "File name too long"),
    ],
)
def test_reason_is_told(path, words):
    assert words in why_unreadable(Path(path))


def test_loop_of_links_is_no_file(tmp_path):
    (tmp_path / "a").symlink_to("b")
    (tmp_path / "b").symlink_to("a")
    assert "symbolic links" in why_unreadable(tmp_path / "a")
