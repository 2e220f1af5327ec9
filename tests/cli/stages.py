"""What a command says on standard error besides the lines that tell its stages."""

from __future__ import annotations

import re

_STAGE = re.compile(r"paoding_onnx: +[\d.]+ s  .*\n")


def without_stages(err: str) -> str:
    """The text without lines that tell a stage."""
    return _STAGE.sub("", err)
