"""SCRATCH: folders of one run, which go with it. Those of a run that was killed are known by their lock, and swept.

Imports nothing heavy, so that whoever watches a run can clean up after it.
"""

from __future__ import annotations

import errno
import os
import shutil
import stat
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

if sys.platform != "win32":
    import fcntl

PREFIX = ".paoding_onnx-"
"""How the names of all scratch folders begin."""
_NO_LOCK = -1


class Scratch:
    """A folder of this run's own, in `parent` or the system's folder for temporary files; see `close`.

    It is locked as long as its run lives, where there are locks.

    Raises:
        OSError: if it cannot be made.
    """

    def __init__(self, parent: Path | None = None) -> None:
        self._lock: int | None = None
        while self._lock is None:  # whoever sweeps may have been quicker
            self.path = Path(tempfile.mkdtemp(prefix=PREFIX, dir=parent))
            try:
                self._lock = _locked(self.path)
            except OSError:
                self._lock = _NO_LOCK

    def close(self) -> None:
        """Delete the folder with all that is in it."""
        shutil.rmtree(self.path, ignore_errors=True)
        self.let_go()

    def let_go(self) -> None:
        """Give up the folder as it is, to be swept."""
        if self._lock is not None and self._lock != _NO_LOCK:
            os.close(self._lock)
        self._lock = None


@contextmanager
def scratch_folder(parent: Path | None = None) -> Iterator[Path]:
    """A scratch folder that is gone afterwards, whatever happens.

    >>> with scratch_folder() as folder:
    ...     folder.name.startswith(PREFIX)
    True
    """
    scratch = Scratch(parent)
    try:
        yield scratch.path
    finally:
        scratch.close()


def sweep(folder: Path, recover: Callable[[Path], None] = lambda _: None) -> None:
    """Delete the scratch folders in `folder` whose run is no more; `recover` is called with each before.

    A folder of another user, or one whose run lives (on whichever machine that shares the folder), is left alone.
    """
    with suppress(OSError):
        for entry in sorted(folder.glob(f"{PREFIX}*")) if sys.platform != "win32" else ():
            with suppress(OSError):
                _sweep_one(entry, recover)


def _sweep_one(entry: Path, recover: Callable[[Path], None]) -> None:
    found = entry.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid():
        return
    lock = _locked(entry)
    if lock is not None:
        recover(entry)
        shutil.rmtree(entry, ignore_errors=True)
        os.close(lock)


def _locked(folder: Path) -> int | None:
    """What locks a folder until it is closed; `None` if it cannot be had, or the folder is no more.

    Raises:
        OSError: if the file system has no locks.
    """
    if sys.platform == "win32":
        return _NO_LOCK
    try:
        lock = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    except OSError:
        return None
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(lock)
        if error.errno in (errno.EAGAIN, errno.EACCES):
            return None
        raise
    if not folder.exists():
        os.close(lock)
        return None
    return lock
