"""One process runs many commands in forks of itself, and none of them is anything to the next one."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time

import pytest

from paoding_onnx.cli.server import Fork
from scripts import ROOT

MODELS = ROOT / "models"
pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="no forks here")


def asked(words, folder, name):
    out, error = folder / f"{name}.out", folder / f"{name}.error"
    return {"words": words, "folder": str(folder), "out": str(out), "error": str(error)}


def served(*requests):
    command = [sys.executable, "-P", "-c", "from paoding_onnx.cli.server import serve; serve()"]
    lines = "".join(f"{json.dumps(request)}\n" for request in requests)
    done = subprocess.run(command, input=lines, capture_output=True, text=True, check=True)
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_each_command_has_its_folder_its_output_and_its_status(tmp_path):
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
    model = str(MODELS / "fraud_mlp.onnx")
    words = ["prune", model, "-o", "small.onnx", "--method", "magnitude", "--no-latency", "--json", "--quiet"]
    good = [asked([*words, "--target", "0.3"], tmp_path / name, name) for name in ("one", "two")]
    bad = asked(["prune", "nothing.onnx", "-o", "small.onnx"], tmp_path, "bad")
    assert served(good[0], bad, good[1]) == [0, 3, 0]
    first, second = ((tmp_path / name / "small.onnx").read_bytes() for name in ("one", "two"))
    assert first == second
    assert json.loads((tmp_path / "two" / "two.out").read_text())["output"]["file"] == "small.onnx"
    assert "nothing.onnx" in (tmp_path / "bad.error").read_text()
    assert not (tmp_path / "bad.out").read_text()


def test_limits_hold_in_a_fork(tmp_path):
    words = ["prune", str(MODELS / "mnist_cnn.onnx"), "-o", "small.onnx", "--quiet", "--time-limit", "0.2"]
    assert served(asked(words, tmp_path, "slow")) == [3]
    assert "--time-limit" in (tmp_path / "slow.error").read_text()
    assert not (tmp_path / "small.onnx").exists()


def test_status_of_a_fork_is_that_of_its_work():
    def leave():
        raise SystemExit(5)

    assert [Fork(lambda: 4).wait(), Fork(leave).wait()] == [4, 5]


def test_fork_that_fails_says_so(capfd):
    assert Fork(lambda: 1 // 0).wait() == 70
    assert "unexpected ZeroDivisionError" in capfd.readouterr().err


def test_process_that_forks_outlives_an_interrupt_that_was_for_its_commands(tmp_path):
    command = [sys.executable, "-P", "-c", "from paoding_onnx.cli.server import serve; serve()"]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True) as process:
        line = f"{json.dumps(asked(['--version'], tmp_path, 'one'))}\n"
        for _ in range(2):
            process.stdin.write(line)
            process.stdin.flush()
            assert process.stdout.readline() == "0\n"
            process.send_signal(signal.SIGINT)


def test_fork_that_works_on_is_waited_for_no_longer_than_asked_and_can_be_ended():
    fork = Fork(lambda: time.sleep(60) or 0)
    assert fork.poll() is None
    with pytest.raises(subprocess.TimeoutExpired):
        fork.wait(timeout=0.05)
    fork.send_signal(signal.SIGKILL)
    assert fork.wait() == -signal.SIGKILL
    fork.send_signal(signal.SIGKILL)  # it has ended, and its number may be another's
