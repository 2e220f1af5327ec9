"""Ctrl-C while learning, as a wish to go on with what was learned. Knows no network."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def noted(*, is_wanted: bool) -> Iterator[Callable[[], bool]]:
    """A context in which Ctrl-C ends nothing, but is noted; gives the question whether it came.

    Where that is not wanted, or in another than the main thread, in which no signals arrive, all is as usual.
    """
    if not is_wanted or threading.current_thread() is not threading.main_thread():
        yield lambda: False
        return
    heard: list[int] = []
    before = signal.signal(signal.SIGINT, lambda number, _: heard.append(number))
    try:
        yield lambda: bool(heard)
    finally:
        signal.signal(signal.SIGINT, before if before is not None else signal.SIG_DFL)
