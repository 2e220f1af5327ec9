"""Commands of a sweep run in processes of their own, by one thread each, and end like any other."""

from __future__ import annotations

import subprocess
import sys
import threading

import pytest

from paoding_onnx.sweep import process
from paoding_onnx.sweep.process import run_command
from scripts import ROOT

MODEL = str(ROOT / "models" / "fraud_mlp.onnx")
WORDS = ["prune", MODEL, "-o", "small.onnx", "--method", "magnitude", "--target", "0.3", "--no-latency", "--json"]
is_forked = pytest.mark.skipif(sys.platform != "linux", reason="no forks here")


@pytest.fixture
def without_forks(monkeypatch):
    monkeypatch.setattr(sys, "platform", "elsewhere")


def test_sums_are_made_by_one_thread_so_that_bytes_do_not_depend_on_the_machine(tmp_path, monkeypatch, without_forks):
    seen = []

    def look(words, **settings):
        seen.append((words, settings["env"]))
        return subprocess.CompletedProcess(words, 4, "", "a line\npaoding_onnx: error: out of reach\n")

    monkeypatch.setattr(subprocess, "run", look)
    assert run_command(["prune"], tmp_path) == (4, "", "paoding_onnx: error: out of reach")
    ((words, env),) = seen
    assert words[-1] == "prune"
    assert env["OMP_NUM_THREADS"] == env["OPENBLAS_NUM_THREADS"] == "1"


@pytest.mark.slow
def test_command_makes_the_same_with_and_without_forks(tmp_path, monkeypatch):
    (tmp_path / "forked").mkdir()
    (tmp_path / "started").mkdir()
    first = run_command([*WORDS, "--quiet"], tmp_path / "forked")
    monkeypatch.setattr(sys, "platform", "elsewhere")
    second = run_command([*WORDS, "--quiet"], tmp_path / "started")
    assert (first.status, second.status) == (0, 0)
    one, other = ((tmp_path / name / "small.onnx").read_bytes() for name in ("forked", "started"))
    assert one == other


@is_forked
def test_process_that_forks_is_used_again_and_ends_with_its_thread(tmp_path):
    found = []

    def work():
        run_command(["--version"], tmp_path)
        found.append(process._server())
        run_command(["--version"], tmp_path)
        found.append(process._server())

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert found[0] is found[1]
    running = found[0]._process
    found.clear()
    assert running.wait(timeout=10) == 0


@is_forked
def test_command_is_run_though_the_process_that_forks_was_lost(tmp_path):
    assert run_command(["--version"], tmp_path).out.startswith("paoding_onnx")
    process._server()._process.kill()
    assert run_command(["--version"], tmp_path).out.startswith("paoding_onnx")
