"""How many threads numpy's matrix products take.

Its library, OpenBLAS, lets idle threads wait for work by asking for it over and over. Products of small matrices then
cost several times what they compute, more on a busy machine. So they are left to one thread, and large ones to all.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

_PREFIXES_AND_ENDS = (("scipy_", "64_"), ("scipy_", ""), ("", "64_"), ("", ""))
"""What wheels of numpy put before and behind the names of the library's functions."""


@dataclass(frozen=True, slots=True)
class _Library:
    """The two functions of OpenBLAS, and how many threads it began with."""

    get: Callable[[], int]
    put: Callable[[int], object]
    most: int


def _found() -> _Library | None:
    """The library that numpy brought along; `None` if it came without, or with another one."""
    folder = Path(np.__file__).parent
    for path in (*folder.parent.glob("numpy.libs/*openblas*"), *folder.glob(".dylibs/*openblas*")):
        try:
            library = ctypes.CDLL(str(path))
        except OSError:
            continue
        for prefix, end in _PREFIXES_AND_ENDS:
            get, put = (getattr(library, f"{prefix}openblas_{verb}_num_threads{end}", None) for verb in ("get", "set"))
            if get is not None and put is not None:
                return _Library(get, put, get())
    return None


_LIBRARY = _found()


@contextmanager
def products_alone() -> Iterator[None]:
    """One thread for each product inside; as before where the library does not let that be said."""
    yield from _with_threads(1)


@contextmanager
def products_together() -> Iterator[None]:
    """All threads that the library began with for each product inside."""
    yield from _with_threads(0 if _LIBRARY is None else _LIBRARY.most)


def _with_threads(count: int) -> Iterator[None]:
    if _LIBRARY is None:
        yield
        return
    before = _LIBRARY.get()
    _LIBRARY.put(count)
    try:
        yield
    finally:
        _LIBRARY.put(before)
