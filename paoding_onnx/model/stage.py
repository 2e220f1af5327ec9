"""STAGE: files wait beside their targets until all are whole, and get their names together or not at all.

Imports nothing heavy, so that whoever watches a run can put things back after it was killed.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from paoding_onnx.errors import OutputError
from paoding_onnx.model.scratch import Scratch, sweep

_NEW, _OLD, _LINK = "new", "old", "link"
"""Folders in a stage: files that wait, files that had the names before, second names of those that got theirs."""


class Stage:
    """Folders, one beside each target, in which files wait for their names; they are gone once the stage closes."""

    def __init__(self) -> None:
        self._folders: dict[Path, Scratch] = {}

    def place(self, target: Path) -> Path:
        """Where the file that is to become `target` waits: in a folder on the same file system, under its own name.

        Raises:
            OutputError: if nothing can be written beside the target.
        """
        return self._in(target, _NEW)

    def commit(self, *targets: Path) -> None:
        """Give the waiting files their names, in this order; if one of them cannot have it, all is as before.

        What had the names until now goes first, last target first: a model never stands beside the weights of another.

        Raises:
            OutputError: if the system does not let it.
        """
        target, is_done = Path(), False
        try:
            if len(targets) > 1:
                for target in reversed(targets):
                    if target.exists():
                        os.replace(target, self._in(target, _OLD))
                    elif self.place(target).exists():
                        with suppress(OSError):  # not every file system has links
                            os.link(self.place(target), self._in(target, _LINK))
            for target in targets:
                os.replace(self.place(target), target)
            is_done = True
        except OSError as error:
            raise OutputError(f"cannot write {target}: {error.strerror}; nothing was changed") from error
        finally:
            if not is_done:
                for parent, scratch in self._folders.items():
                    _roll_back(scratch.path, parent)

    def close(self) -> None:
        """Delete whatever was not committed."""
        for scratch in self._folders.values():
            scratch.close()

    def _in(self, target: Path, kind: str) -> Path:
        parent = target.parent.resolve()
        if parent not in self._folders:
            try:
                self._folders[parent] = Scratch(parent)
                for name in (_NEW, _OLD, _LINK):
                    (self._folders[parent].path / name).mkdir()
            except OSError as error:
                raise OutputError(f"cannot write in {target.parent}: {error.strerror}") from error
        return self._folders[parent].path / kind / target.name


@contextmanager
def stage() -> Iterator[Stage]:
    """A stage; whatever was not committed is deleted at the end, whatever happens."""
    held = Stage()
    try:
        yield held
    finally:
        held.close()


def clean_up(*folders: Path) -> None:
    """Remove what killed runs left in `folders` and in the system's folder for temporary files.

    Where one of them was killed while it gave several files their names, the files that were there before come back.
    """
    for folder in dict.fromkeys([*folders, Path(tempfile.gettempdir())]):
        sweep(folder, _recover)


def _recover(scratch: Path) -> None:
    if any((scratch / _NEW).glob("*")):  # else all have got their names
        _roll_back(scratch, scratch.parent)


def _roll_back(scratch: Path, parent: Path) -> None:
    """Take the names away from files that got them, and give them back to those that had them before."""
    for link in (scratch / _LINK).glob("*"):
        with suppress(OSError):
            if os.path.samefile(link, parent / link.name):
                (parent / link.name).unlink()
    for old in (scratch / _OLD).glob("*"):
        with suppress(OSError):
            os.replace(old, parent / old.name)
