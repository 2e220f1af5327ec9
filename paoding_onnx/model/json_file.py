"""JSON FILES of the user's: plans, tables of times, lists of labelled samples. One that is none ends in one line."""

from __future__ import annotations

import json
from pathlib import Path

from paoding_onnx.errors import PaodingError, UsageError
from paoding_onnx.model.input_files import why_unreadable


def read_json(path: Path, *, unreadable: type[PaodingError] = UsageError) -> object:
    """What a file says.

    Raises:
        UsageError: if it is not JSON.
        PaodingError: of the type `unreadable`, if it cannot be read.
    """
    if reason := why_unreadable(path):
        raise unreadable(f"cannot read {path}: {reason}")
    try:
        found: object = json.loads(path.read_text("utf-8"))
    except OSError as error:
        raise unreadable(f"cannot read {path}: {error.strerror}") from error
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{path} is not JSON: {error}") from error
    return found
