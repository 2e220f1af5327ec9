"""Standard streams, which may be closed, lead nowhere, or lose their reader at any time."""

from __future__ import annotations

import os
import sys
from contextlib import suppress


def open_streams() -> None:
    """Make sure that standard streams lead somewhere: else the next file that is opened would take their place."""
    for number, flags in enumerate((os.O_RDONLY, os.O_WRONLY, os.O_WRONLY)):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, flags)


def complain(line: str) -> None:
    """Print a line on standard error, if there is anybody to read it."""
    with suppress(OSError, ValueError, AttributeError):
        print(line, file=sys.stderr, flush=True)


def silence() -> None:
    """Let standard output lead nowhere: nobody reads it any more."""
    with suppress(OSError, ValueError, AttributeError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)
