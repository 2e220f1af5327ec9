"""Ctrl-C while learning: noted where that is wanted, and as usual where it is not."""

from __future__ import annotations

import os
import signal
import threading

import pytest

from paoding_onnx.recovery import interrupts
from paoding_onnx.recovery.interrupts import noted

pytestmark = pytest.mark.usefixtures("usual_interrupts")


@pytest.fixture
def usual_interrupts():
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def interrupt():
    os.kill(os.getpid(), signal.SIGINT)


def test_interrupt_is_noted_and_nothing_else(monkeypatch):
    monkeypatch.setattr(interrupts, "SAME", 0.0)
    with noted(is_wanted=True) as is_asked:
        assert not is_asked()
        interrupt()
        assert is_asked()
    with pytest.raises(KeyboardInterrupt):
        interrupt()


def test_interrupt_that_comes_twice_is_one(monkeypatch):
    with noted(is_wanted=True):
        interrupt()
    interrupt()
    monkeypatch.setattr(interrupts, "SAME", 0.0)
    with pytest.raises(KeyboardInterrupt):
        interrupt()


def test_interrupt_behind_the_context_is_as_usual_if_none_came_in_it():
    with noted(is_wanted=True):
        pass
    with pytest.raises(KeyboardInterrupt):
        interrupt()


def test_interrupt_is_raised_where_that_is_not_wanted():
    with pytest.raises(KeyboardInterrupt), noted(is_wanted=False):
        interrupt()


def test_other_threads_hear_no_signals():
    heard = []

    def listen():
        with noted(is_wanted=True) as is_asked:
            heard.append(is_asked())

    thread = threading.Thread(target=listen)
    thread.start()
    thread.join()
    assert heard == [False]
