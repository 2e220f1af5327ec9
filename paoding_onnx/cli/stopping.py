"""Signals that ask a run to stop: whatever is temporary goes first. Imports next to nothing, to listen at once."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, suppress

SIGNALS = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name))
"""Ctrl-C, a polite kill, and a terminal that is closed."""
STOPPED = "paoding_onnx: interrupted, nothing was written"
"""What is said of it on standard error."""
_SOON = 0.02
"""Seconds after which a signal that was lost is sent again."""


class Stopped(BaseException):
    """Signal `number` asked to stop; `exit_status` is what shells have for it: 130 for Ctrl-C, 143 for a kill."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number
        self.exit_status = 128 + number


@contextmanager
def handled(handler: object) -> Iterator[None]:
    """A handler for all signals that ask to stop, but for those that this process ignores, as under nohup."""
    before = {number: signal.getsignal(number) for number in SIGNALS}
    _listen(handler)
    try:
        yield
    finally:
        for number, old in before.items():
            _set(number, old)


def leaving_at_signals() -> AbstractContextManager[None]:
    """A context in which a signal ends the process at once: nothing was begun yet."""
    return handled(_leave)


def raising_at_signals() -> AbstractContextManager[None]:
    """A context in which the first signal raises `Stopped`; others are ignored, so that nothing stops cleaning up."""
    return handled(_stop)


def left_silently() -> AbstractContextManager[None]:
    """As `leaving_at_signals`, in a process that is watched: the other one says it."""
    return handled(lambda number, _: os._exit(128 + number))


def raised_for_good() -> None:
    """As `raising_at_signals`, to the end of the process, and again where Python lost the first one.

    What is raised in the middle of freeing memory goes nowhere.
    """
    usual = sys.unraisablehook

    def again(lost: sys.UnraisableHookArgs) -> None:
        if isinstance(lost.exc_value, Stopped):
            _listen_again()
            threading.Timer(_SOON, os.kill, (os.getpid(), lost.exc_value.number)).start()
        else:
            usual(lost)

    sys.unraisablehook = again
    _listen(_stop)


def ignore_signals() -> None:
    """From now on, let signals that ask to stop do nothing: what is left to do takes no time."""
    for number in SIGNALS:
        _set(number, signal.SIG_IGN)


@contextmanager
def held_back() -> Iterator[None]:
    """Signals wait until afterwards; a process that is started meanwhile gets them once it calls `let_through`.

    Python itself, while it starts, would end in a traceback.
    """
    _mask("SIG_BLOCK")
    try:
        yield
    finally:
        let_through()


def let_through() -> None:
    """Take the signals that were held back when this process was started."""
    _mask("SIG_UNBLOCK")


def _mask(how: str) -> None:
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(getattr(signal, how), SIGNALS)


def _listen(handler: object) -> None:
    for number in SIGNALS:
        if signal.getsignal(number) not in (signal.SIG_IGN, None):
            _set(number, handler)


def _listen_again() -> None:
    for number in SIGNALS:
        _set(number, _stop)


def _leave(number: int, _frame: object) -> None:
    os.write(2, f"{STOPPED}\n".encode())
    os._exit(128 + number)


def _stop(number: int, _frame: object) -> None:
    ignore_signals()
    raise Stopped(number)


def _set(number: int, handler: object) -> None:
    with suppress(ValueError, TypeError):  # not the main thread, where no signals come in; or none of Python's handlers
        signal.signal(number, handler)  # type: ignore[arg-type]
