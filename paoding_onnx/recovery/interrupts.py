"""Ctrl-C while learning, as a wish to go on with what was learned. Knows no network."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

SAME = 2.0
"""Seconds within which a second Ctrl-C is the first one again: a terminal sends it to all processes, and the one that
watches this one passes it on, late where the machine is busy."""


@contextmanager
def noted(*, is_wanted: bool) -> Iterator[Callable[[], bool]]:
    """A context in which Ctrl-C ends nothing, but is noted; gives the question whether it came.

    If it came, another one right after it means nothing more, in the context or behind it. Where that is not wanted, or
    in another than the main thread, in which no signals arrive, all is as usual.
    """
    if not is_wanted or threading.current_thread() is not threading.main_thread():
        yield lambda: False
        return
    heard: list[float] = []
    before = signal.signal(signal.SIGINT, lambda *_: heard.append(time.monotonic()))
    usual = before if before is not None else signal.SIG_DFL

    def once_more(_number: int, _frame: FrameType | None) -> None:
        signal.signal(signal.SIGINT, usual)
        if time.monotonic() > heard[-1] + SAME:
            signal.raise_signal(signal.SIGINT)

    try:
        yield lambda: bool(heard)
    finally:
        signal.signal(signal.SIGINT, once_more if heard else usual)
