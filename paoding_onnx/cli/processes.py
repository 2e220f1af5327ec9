"""What processes use, and how they are ended. Where a system does not say, nothing is known."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

_PROC = Path("/proc")
_CGROUP = Path("/sys/fs/cgroup")


def available_bytes() -> int | None:
    """Memory that processes may still take; `None` where the system does not say."""
    found = [*_meminfo(), *_cgroup()]
    if not found and hasattr(os, "sysconf"):
        with suppress(OSError, ValueError):
            found.append(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"))
    return min(found, default=None)


def family(pid: int) -> list[int]:
    """A process and all that came of it, itself first."""
    if sys.platform == "linux":
        found = [pid]
        for member in found:
            found += _children(member)
        return found
    return _with_children(pid, [(child, parent) for child, parent, _ in _listed()])


def resident_bytes(pids: list[int]) -> int:
    """Memory that processes hold; 0 where the system does not say."""
    if sys.platform == "linux":
        return sum(map(_resident, pids))
    wanted = set(pids)
    return sum(kilobytes << 10 for pid, _, kilobytes in _listed() if pid in wanted)


def kill(pids: list[int]) -> None:
    """End processes without asking."""
    for pid in pids:
        with suppress(OSError):
            os.kill(pid, signal.SIGTERM if sys.platform == "win32" else signal.SIGKILL)


def _meminfo() -> Iterator[int]:
    with suppress(OSError, ValueError):
        for line in (_PROC / "meminfo").read_text().splitlines():
            if line.startswith("MemAvailable:"):
                yield int(line.split()[1]) << 10


def _cgroup() -> Iterator[int]:
    """What a container still has."""
    with suppress(OSError, ValueError):
        most, used = ((_CGROUP / name).read_text() for name in ("memory.max", "memory.current"))
        yield max(int(most) - int(used), 0)


def _resident(pid: int) -> int:
    with suppress(OSError, ValueError, IndexError):
        resident, shared = map(int, (_PROC / str(pid) / "statm").read_text().split()[1:3])
        return (resident - shared) * os.sysconf("SC_PAGE_SIZE")  # pages of files can be had again at any time
    return 0


def _children(pid: int) -> Iterator[int]:
    with suppress(OSError, ValueError):
        for task in (_PROC / str(pid) / "task").iterdir():
            yield from map(int, (task / "children").read_text().split())


def _with_children(pid: int, pairs: list[tuple[int, int]]) -> list[int]:
    """A process and all that came of it, where `pairs` are processes and their parents.

    >>> _with_children(2, [(1, 0), (2, 1), (3, 2), (4, 3)])
    [2, 3, 4]
    """
    found = [pid]
    for member in found:
        found += [child for child, parent in pairs if parent == member and child != member]
    return found


def _listed() -> Iterator[tuple[int, int, int]]:
    """Number, parent's number and kilobytes of all processes; none of them on Windows."""
    if sys.platform == "win32":
        return
    done = subprocess.run(["ps", "-axo", "pid=,ppid=,rss="], capture_output=True, text=True, check=False)
    for line in done.stdout.splitlines():
        with suppress(ValueError):
            pid, parent, kilobytes = map(int, line.split())
            yield pid, parent, kilobytes
