"""How often Python looks for objects that hold one another, in processes that are ours alone."""

from __future__ import annotations

import gc

MANY = 50_000
"""How many more objects there must be first: graphs are many, all of which stay, and to look through them every few
hundred takes a sixth of the time of a deep network."""


def collect_seldom() -> None:
    """From now on look less often, in this process."""
    gc.set_threshold(MANY)
