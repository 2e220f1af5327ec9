"""A process that ends with the one that started it, however that ends: nothing goes on for nobody."""

from __future__ import annotations

import os
import sys
import threading
import time

_EVERY = 0.3
_ORPHANED = 137
"""Exit status, as after the kill that ended the parent."""


def end_with_parent() -> None:
    """From now on, end this process, as it is, soon after its parent has ended.

    The thread that looks needs Python's lock: a library that holds it is waited for.
    """
    if sys.platform == "win32":
        return  # there, a parent's number stays the same after its end
    threading.Thread(target=_watch, args=(os.getppid(),), daemon=True).start()


def _watch(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(_EVERY)
    os._exit(_ORPHANED)
