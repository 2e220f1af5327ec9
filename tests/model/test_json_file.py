"""Files of the user's that say something in JSON, or do not."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from paoding_onnx.errors import ModelError, UsageError
from paoding_onnx.model.json_file import read_json


def test_what_a_file_says_is_read(tmp_path):
    (tmp_path / "a.json").write_text('{"a": [1, 2]}')
    assert read_json(tmp_path / "a.json") == {"a": [1, 2]}


@pytest.mark.parametrize("content", [b"{", b"\xd5\x00", b"[" * 100_000])
def test_what_is_not_json_is_a_usage_error(content, tmp_path):
    (tmp_path / "a.json").write_bytes(content)
    with pytest.raises(UsageError, match=re.escape("a.json is not JSON")):
        read_json(tmp_path / "a.json")


@pytest.mark.parametrize("error", [UsageError, ModelError])
def test_what_cannot_be_read_is_the_error_that_was_asked_for(error, tmp_path):
    with pytest.raises(error, match="No such file"):
        read_json(tmp_path / "none.json", unreadable=error)
    with pytest.raises(error, match="it is a folder, not a file"):
        read_json(tmp_path, unreadable=error)


@pytest.mark.skipif(not Path("/dev/zero").exists(), reason="no such device there")
def test_device_is_refused_unread():
    with pytest.raises(UsageError, match="it is a device, not a file"):
        read_json(Path("/dev/zero"))
