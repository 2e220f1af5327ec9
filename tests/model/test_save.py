"""Writing is whole or nothing: a file has its old content or its new one, and nothing else is left behind."""

from __future__ import annotations

import errno
import os
import resource
import stat
import subprocess
import sys

import numpy as np
import onnx
import pytest

from paoding_onnx.errors import OutputError
from paoding_onnx.model import save as save_module
from paoding_onnx.model.load import load
from paoding_onnx.model.read import constants
from paoding_onnx.model.save import save_model, write_model, write_text
from tests.models import model, parse
from tests.pruning import files, is_unchanged, moved, overrides

WIDE = "g (float[N,16] x) => (float[N,4] y) <float[16,32] a, float[32,4] b> { p = MatMul (x, a) y = MatMul (p, b) }"
"""a has 2048 bytes and leaves the protobuf, b has 512 and stays."""


def full(*_, **__):
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "somewhere")


@pytest.fixture(params=["fsync", "replace"])
def full_disk(request, monkeypatch):
    monkeypatch.setattr(os, request.param, full)


@pytest.fixture
def external(tmp_path):
    """A model that was read from a file with its weights beside it."""
    (tmp_path / "source").mkdir()
    path = tmp_path / "source" / "m.onnx"
    onnx.save(parse(WIDE), path, save_as_external_data=True, location="weights.bin", size_threshold=0)
    return load(path)


def test_saved_model_is_the_model(tmp_path):
    subject = model(WIDE)
    save_model(subject, tmp_path / "m.onnx")
    assert files(tmp_path) == {"m.onnx": parse(WIDE).SerializeToString()}
    assert moved(subject, load(tmp_path / "m.onnx")) == 0


def test_saving_leaves_the_model_as_it_was(tmp_path):
    subject = model(WIDE)
    proto, before = subject.proto.SerializeToString(), overrides(subject)
    save_model(subject, tmp_path / "m.onnx")
    assert is_unchanged(subject, proto, before)


def test_saved_file_passes_the_checker(tmp_path):
    save_model(model(WIDE), str(tmp_path / "m.onnx"))
    onnx.checker.check_model(str(tmp_path / "m.onnx"), full_check=True)


def test_file_that_exists_is_kept(tmp_path):
    (tmp_path / "m.onnx").write_text("precious")
    with pytest.raises(OutputError, match=r"m\.onnx exists; give --force to overwrite it \(force=True\)"):
        save_model(model(WIDE), tmp_path / "m.onnx")
    assert files(tmp_path) == {"m.onnx": b"precious"}


def test_file_that_exists_is_replaced_by_force(tmp_path):
    (tmp_path / "m.onnx").write_text("old")
    save_model(model(WIDE), tmp_path / "m.onnx", force=True)
    assert load(tmp_path / "m.onnx").proto.graph.name == "g"


def test_full_disk_leaves_the_old_file_and_nothing_else(tmp_path, full_disk):
    (tmp_path / "m.onnx").write_text("old")
    with pytest.raises(OutputError, match=r"cannot write .*: No space left on device"):
        save_model(model(WIDE), tmp_path / "m.onnx", force=True)
    assert files(tmp_path) == {"m.onnx": b"old"}
    assert list(tmp_path.iterdir()) == [tmp_path / "m.onnx"]


def test_full_disk_leaves_nothing_of_external_weights(tmp_path, external, full_disk):
    (tmp_path / "out").mkdir()
    with pytest.raises(OutputError, match="No space left"):
        save_model(external, tmp_path / "out" / "m.onnx")
    assert list((tmp_path / "out").iterdir()) == []


def test_full_disk_while_writing_text_is_an_output_error(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OutputError, match=r"cannot write plan\.json: No space left"):
        write_text("{}", tmp_path / "plan.json")


def test_limit_of_the_system_leaves_the_old_file_and_nothing_else(tmp_path):
    before = {"m.onnx": parse(WIDE).SerializeToString(), "old.onnx": b"old"}
    for name, content in before.items():
        (tmp_path / name).write_bytes(content)
    done = subprocess.run(
        [sys.executable, "-c", "import paoding_onnx as p; p.save(p.load('m.onnx'), 'old.onnx', force=True)"],
        cwd=tmp_path,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000)),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stderr.endswith("OutputError: cannot write old.onnx: File too large; nothing was changed\n")
    assert files(tmp_path) == before


def test_folder_that_is_missing_is_an_output_error(tmp_path):
    with pytest.raises(OutputError, match=r"cannot write .*none/m\.onnx: no such folder"):
        save_model(model(WIDE), tmp_path / "none" / "m.onnx")


@pytest.mark.parametrize(("umask", "mode"), [(0o022, 0o644), (0o077, 0o600), (0o002, 0o664)])
def test_mode_of_the_file_follows_the_umask(tmp_path, umask, mode):
    before = os.umask(umask)
    try:
        save_model(model(WIDE), tmp_path / "m.onnx")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "m.onnx").stat().st_mode) == mode


def test_weights_that_came_beside_the_model_are_written_beside_it(tmp_path, external):
    save_model(external, tmp_path / "out.onnx")
    assert set(files(tmp_path)) == {"out.onnx", "out.onnx.data", "source/m.onnx", "source/weights.bin"}
    assert moved(external, load(tmp_path / "out.onnx")) == 0


def test_weights_beside_the_model_can_be_moved_with_it(tmp_path, external):
    save_model(external, tmp_path / "out.onnx")
    (tmp_path / "elsewhere").mkdir()
    for name in ("out.onnx", "out.onnx.data"):
        (tmp_path / name).rename(tmp_path / "elsewhere" / name)
    found = constants(load(tmp_path / "elsewhere" / "out.onnx"))
    assert all(np.array_equal(found[name], value) for name, value in constants(model(WIDE)).items())


def test_weights_too_many_for_one_file_are_written_beside_it(tmp_path, monkeypatch):
    monkeypatch.setattr(save_module, "INLINE_LIMIT", 2000)
    written = write_model(model(WIDE), tmp_path / "m.onnx")
    assert [path.name for path in written] == ["m.onnx.data", "m.onnx"]
    assert moved(model(WIDE), load(tmp_path / "m.onnx")) == 0


def test_no_empty_file_of_weights_stands_beside_a_model_without_large_ones(tmp_path):
    text = "g (float[N,4] x) => (float[N,2] y) <float[4,2] a> { y = MatMul (x, a) }"
    onnx.save(parse(text), tmp_path / "m.onnx", save_as_external_data=True, location="w.bin", size_threshold=0)
    save_model(load(tmp_path / "m.onnx"), tmp_path / "out.onnx")
    assert set(files(tmp_path)) == {"m.onnx", "w.bin", "out.onnx"}
    assert moved(model(text), load(tmp_path / "out.onnx")) == 0
