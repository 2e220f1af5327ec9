"""A command that is watched: stopped, killed, crashed or beyond its limits, it leaves one line and nothing else."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

from paoding_onnx.cli import watch
from scripts import ROOT
from tests.cli.stages import without_stages
from tests.models import parse, save
from tests.pruning import CNN

pytestmark = [pytest.mark.slow, pytest.mark.skipif(sys.platform == "win32", reason="signals are another thing there")]

ENDLESS = """g (float[1,4] x) => (float[1,4] y) <float[4,4] a, int64 n = {4611686018427387904}, bool c = {1}> {
    p = MatMul (x, a)
    y = Loop (n, c, p) <body = b (int64 i, bool d, float[1,4] u) => (bool e, float[1,4] v) {
        e = Identity (d) v = Sin (u) }>
}"""
GROWING = """g (float[1,4] x) => (float[d,4] y) <float[4,4] a, int64 n = {60}, bool c = {1}> {
    p = MatMul (x, a)
    y = Loop (n, c, p) <body = b (int64 i, bool d, float[k,4] u) => (bool e, float[j,4] v) {
        e = Identity (d) v = Concat <axis=0> (u, u) }>
}"""
INTERRUPTED = "paoding_onnx: interrupted, nothing was written\n"


@pytest.fixture
def command(tmp_path):
    """Starts a command in a folder with a model m.onnx."""
    (tmp_path / "scratch").mkdir()
    save(parse(CNN), tmp_path / "m.onnx")
    env = {**os.environ, "PYTHONPATH": str(ROOT), "TMPDIR": str(tmp_path / "scratch")}

    def hear_signals():
        """A program in the background of a shell ignores an interruption, and so would those that it starts."""
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_DFL)

    def start(*argv, **more):
        return subprocess.Popen(
            [sys.executable, "-m", "paoding_onnx", *argv],
            cwd=tmp_path,
            text=True,
            preexec_fn=hear_signals,
            **({"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "env": env} | more),
        )

    return start


def left(folder: Path) -> set[str]:
    """Names of all files in a folder, but for one that onnxruntime leaves among temporary ones."""
    found = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    return found - {"scratch/.ses"}


@pytest.mark.parametrize(("number", "status"), [(signal.SIGTERM, 143), (signal.SIGHUP, 129), (signal.SIGINT, 130)])
def test_polite_kill_leaves_nothing_in_the_folder_for_temporary_files(number, status, command, tmp_path):
    save(parse(ENDLESS), tmp_path / "endless.onnx")
    with command("prune", "endless.onnx", "-o", "s.onnx") as process:
        time.sleep(2)
        process.send_signal(number)
        try:
            _, err = process.communicate(timeout=60)
        finally:
            process.kill()
    assert (process.returncode, without_stages(err)) == (status, INTERRUPTED)
    assert left(tmp_path) == {"m.onnx", "endless.onnx"}


@pytest.mark.parametrize(("word", "status", "files"), [("keep", 0, {"s.onnx"}), ("drop", 130, set())])
def test_interrupt_while_the_original_teaches_keeps_what_was_learned_if_that_is_wanted(
    word, status, files, command, tmp_path
):
    options = ("--target", "0.5", "--recover", "100000", "--on-interrupt", word)
    with command("prune", "m.onnx", "-o", "s.onnx", *options, start_new_session=True) as process:
        try:
            assert any("learning from the original" in line for line in process.stderr)
            time.sleep(1)
            os.killpg(process.pid, signal.SIGINT)
            out, err = process.communicate(timeout=60)
        finally:
            process.kill()
    assert process.returncode == status, err
    assert left(tmp_path) == {"m.onnx"} | files
    assert ("of 100000, then interrupted" in out) is (word == "keep" and "not taught" not in out)


def test_second_interrupt_right_after_one_that_keeps_what_was_learned_is_the_same(monkeypatch):
    asked = watch._Asked(keeps=True)
    asked(signal.SIGINT, None)
    asked(signal.SIGINT, None)
    assert not asked.number
    monkeypatch.setattr(watch, "SAME", 0.0)
    asked(signal.SIGINT, None)
    assert asked.number == signal.SIGINT


def test_interrupt_during_the_first_imports_is_no_traceback(command):
    for wait in (0.0, 0.02, 0.05):
        with command("inspect", "m.onnx", start_new_session=True) as process:
            while not Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text():
                time.sleep(0.001)
            time.sleep(wait)
            os.killpg(process.pid, signal.SIGINT)
            _, err = process.communicate()
        assert (process.returncode, without_stages(err)) == (130, INTERRUPTED)


def test_what_a_kill_left_behind_is_removed_by_the_next_run(command, tmp_path):
    with command("prune", "m.onnx", "-o", "s.onnx", "--memory", "16M", start_new_session=True) as process:
        end = time.monotonic() + 20
        while not list(tmp_path.rglob(".paoding_onnx-*")) and time.monotonic() < end:
            time.sleep(0.005)
        os.killpg(process.pid, signal.SIGKILL)
    assert list(tmp_path.rglob(".paoding_onnx-*"))
    with command("prune", "m.onnx", "-o", "s.onnx", "--exclude", "none") as process:
        process.communicate()
    assert process.returncode == 2
    assert left(tmp_path) == {"m.onnx"}


def test_reader_that_goes_away_changes_no_status(command, tmp_path):
    read, write = os.pipe()
    os.close(read)
    with command("prune", "m.onnx", "-o", "s.onnx", "--method", "magnitude", stdout=write) as process:
        os.close(write)
        assert without_stages(process.communicate()[1]) == ""
    assert process.returncode == 0
    assert left(tmp_path) == {"m.onnx", "s.onnx"}


def test_closed_output_changes_no_status(command, tmp_path):
    argv = [sys.executable, "-m", "paoding_onnx", "inspect", "m.onnx"]
    env = {**os.environ, "PYTHONPATH": str(ROOT), "TMPDIR": tempfile.gettempdir()}
    done = subprocess.run(["sh", "-c", '"$@" >&-', "-", *argv], cwd=tmp_path, env=env, capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (0, b"")


def test_loop_without_an_end_is_stopped_by_the_time_limit(command, tmp_path):
    save(parse(ENDLESS), tmp_path / "endless.onnx")
    with command("prune", "endless.onnx", "-o", "s.onnx", "--time-limit", "3s") as process:
        _, err = process.communicate(timeout=20)
    assert without_stages(err) == "paoding_onnx: error: stopped: it took longer than the 3 s of --time-limit\n"
    assert process.returncode == 3
    assert left(tmp_path) == {"m.onnx", "endless.onnx"}


def test_loop_without_an_end_is_stopped_by_a_polite_kill(command, tmp_path):
    save(parse(ENDLESS), tmp_path / "endless.onnx")
    with command("inspect", "endless.onnx") as process:
        time.sleep(2)
        process.terminate()
        _, err = process.communicate(timeout=20)
    assert (process.returncode, without_stages(err)) == (143, INTERRUPTED)


def test_tensor_that_doubles_without_an_end_is_stopped_by_the_memory_limit(command, tmp_path):
    save(parse(GROWING), tmp_path / "growing.onnx")
    with command("inspect", "growing.onnx", "--max-memory", "500M") as process:
        _, err = process.communicate(timeout=60)
    assert without_stages(err) == "paoding_onnx: error: stopped: it took more memory than the 0.49 GB of --max-memory\n"
    assert process.returncode == 3


def test_crash_of_a_library_is_one_line(command, tmp_path):
    (tmp_path / "sitecustomize.py").write_text(
        "import sys, os\nif sys.argv[:1] == ['-c']:\n    import threading\n"
        "    threading.Timer(0.5, lambda: os.kill(os.getpid(), 11)).start()\n"
    )
    env = {**os.environ, "PYTHONPATH": f"{tmp_path}{os.pathsep}{ROOT}"}
    with command("prune", "m.onnx", "-o", "s.onnx", env=env) as process:
        _, err = process.communicate()
    assert (
        without_stages(err) == "paoding_onnx: error: a library crashed on this model (SIGSEGV); nothing was written\n"
    )
    assert process.returncode == 3
    assert not (tmp_path / "s.onnx").exists()
