"""Signals that ask to stop are heard once; what a shell ignores stays ignored."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import pytest

from paoding_onnx.cli.stopping import SIGNALS, Stopped, held_back, ignore_signals, let_through, raising_at_signals

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals, locks and pipes are other things there")


@pytest.fixture(autouse=True)
def as_before():
    """Signals are heard, even if the tests run under nohup or in the background; afterwards all is as it was."""
    before = {number: signal.getsignal(number) for number in SIGNALS}
    for number in SIGNALS:
        signal.signal(number, signal.default_int_handler if number is signal.SIGINT else signal.SIG_DFL)
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.parametrize(("number", "status"), [("SIGINT", 130), ("SIGTERM", 143), ("SIGHUP", 129)])
def test_signal_raises_with_the_status_that_shells_have(number, status):
    with pytest.raises(Stopped) as caught, raising_at_signals():
        os.kill(os.getpid(), getattr(signal, number))
    assert caught.value.exit_status == status


def test_second_signal_does_not_stop_the_cleaning_up():
    with raising_at_signals():
        with pytest.raises(Stopped):
            os.kill(os.getpid(), signal.SIGTERM)
        os.kill(os.getpid(), signal.SIGINT)


def test_signal_that_is_ignored_as_under_nohup_stays_ignored():
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    with raising_at_signals():
        os.kill(os.getpid(), signal.SIGHUP)


def test_signals_are_not_heard_once_files_get_their_names():
    with raising_at_signals():
        ignore_signals()
        os.kill(os.getpid(), signal.SIGTERM)


def test_handlers_are_as_before_afterwards():
    before = signal.getsignal(signal.SIGTERM)
    with raising_at_signals():
        assert signal.getsignal(signal.SIGTERM) is not before
    assert signal.getsignal(signal.SIGTERM) is before


def test_signal_that_is_held_back_comes_afterwards():
    with pytest.raises(Stopped), raising_at_signals(), held_back():
        os.kill(os.getpid(), signal.SIGTERM)
    let_through()


LOST = """
import os, signal, sys, time
from paoding_onnx.cli.stopping import Stopped, raised_for_good

class Freed:
    def __del__(self):
        os.kill(os.getpid(), signal.SIGTERM)

raised_for_good()
try:
    del_me = Freed()
    del del_me
    time.sleep(5)
except Stopped as stop:
    sys.exit(stop.exit_status)
"""


def test_signal_that_python_loses_while_it_frees_memory_is_heard_all_the_same():
    done = subprocess.run([sys.executable, "-c", LOST], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (143, "")
