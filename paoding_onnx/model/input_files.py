"""INPUT FILES: whether a path can be read. Opens nothing, since who opens a pipe may wait for ever."""

from __future__ import annotations

import stat
from pathlib import Path

_KINDS = (
    (stat.S_ISDIR, "a folder"),
    (stat.S_ISFIFO, "a pipe"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
)


def why_unreadable(path: Path) -> str:
    """Why `path` is not a file, nor a link to one, in words; nothing where it is.

    >>> why_unreadable(Path("models")), why_unreadable(Path("models/README.md"))
    ('it is a folder, not a file', '')
    """
    try:
        mode = path.stat().st_mode
    except (OSError, ValueError) as error:  # a name may hold what no name on this system can
        return str(getattr(error, "strerror", None) or error)
    return "" if stat.S_ISREG(mode) else f"it is {kind(mode)}, not a file"


def why_unnamable(path: Path) -> str:
    r"""Why libraries cannot be told a path, in words; nothing where they can.

    >>> why_unnamable(Path("\udcff.onnx")), why_unnamable(Path("a.onnx"))
    ('its name is not text in UTF-8', '')
    """
    try:
        str(path).encode()
    except UnicodeEncodeError:
        return "its name is not text in UTF-8"
    return ""


def kind(mode: int) -> str:
    """What a mode of the system says that something is.

    >>> import os
    >>> kind(os.stat("models").st_mode)
    'a folder'
    """
    return next((words for is_kind, words in _KINDS if is_kind(mode)), "no regular file")
