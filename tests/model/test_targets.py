"""What a file to be written may be: nothing that exists and is no file, nothing that is read."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from paoding_onnx.errors import OutputError, UsageError
from paoding_onnx.model.targets import check_targets

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals, locks and pipes are other things there")


def refused(target, inputs=(), **more):
    """What is said of a target that must not be written, even by force."""
    with pytest.raises((OutputError, UsageError)) as caught:
        check_targets([Path(target)], inputs, force=True, **more)
    return str(caught.value)


def test_device_is_not_replaced_by_a_file():
    assert refused("/dev/null") == "cannot write /dev/null: it is a device"
    assert refused("/dev/full") == "cannot write /dev/full: it is a device"


def test_pipe_is_not_replaced_by_a_file(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    assert "it is a pipe" in refused(tmp_path / "pipe")


def test_link_to_a_device_is_not_replaced_by_a_file(tmp_path):
    (tmp_path / "stdout").symlink_to("/dev/null")
    assert "it is a device" in refused(tmp_path / "stdout")


def test_link_that_leads_nowhere_is_not_replaced_by_a_file(tmp_path):
    (tmp_path / "link").symlink_to("none")
    assert "it is a link that leads nowhere" in refused(tmp_path / "link")


def test_folder_is_not_written():
    assert "it is a folder" in refused("/tmp")


def test_calibration_data_are_not_overwritten(tmp_path):
    (tmp_path / "mine.npz").touch()
    (tmp_path / "link.npz").symlink_to("mine.npz")
    others = [tmp_path / "mine.npz"]
    assert "mine.npz is read too; an input is never overwritten" in refused(tmp_path / "mine.npz", others=others)
    assert "link.npz is read too" in refused(tmp_path / "link.npz", others=others)


def test_image_in_a_folder_that_is_read_is_not_overwritten(tmp_path):
    (tmp_path / "cats").mkdir()
    (tmp_path / "cats" / "1.png").touch()
    assert "with all that is in" in refused(tmp_path / "cats" / "1.png", others=[tmp_path])


def test_new_file_in_a_folder_that_is_read_is_written(tmp_path):
    check_targets([tmp_path / "new.onnx"], [], force=False, others=[tmp_path])


def test_name_that_no_file_can_have_is_an_output_error():
    assert refused("a\0b").startswith("cannot write a")
    assert "File name too long" in refused("a" * 5000)
