"""What a command may take: options that every command has. Imports nothing heavy."""

from __future__ import annotations

import argparse
import math
from dataclasses import dataclass

from paoding_onnx.cli import values
from paoding_onnx.cli.processes import available_bytes

SHARE_OF_FREE = 0.8
"""Of the memory that is free, what a command may take unless told otherwise."""
LEAST_MEMORY = 1 << 26
_SECONDS = {"s": 1, "m": 60, "h": 3600}


@dataclass(frozen=True, slots=True)
class Limits:
    """The most bytes of memory and seconds that a command may take; `None` for no limit."""

    memory: int | None
    seconds: float | None


def add_limits(parser: argparse.ArgumentParser) -> None:
    """Give a command the options of limits, and the one that shows where an error came from."""
    add = parser.add_argument_group("limits").add_argument
    add("--max-memory", metavar="BYTES", type=_memory, help="stop beyond that (default 80 %% of what is free)")
    add("--time-limit", metavar="TIME", type=seconds, help="stop after that, such as 90s, 10m or 2h (default: none)")
    add("--traceback", action="store_true", help="show where in the program an error came from")


def _memory(text: str) -> int:
    if (found := values.n_bytes(text)) < LEAST_MEMORY:
        raise argparse.ArgumentTypeError(f"{text!r} is less than the 64M that any command takes")
    return found


def limits_of(arguments: argparse.Namespace) -> Limits:
    """The limits that a command was given, or has by default."""
    most, free = arguments.max_memory, available_bytes()
    if most is None and free is not None:
        most = int(free * SHARE_OF_FREE)
    return Limits(most, arguments.time_limit)


def seconds(text: str) -> float:
    """A time such as ``90``, ``10m`` or ``1.5h``.

    >>> seconds("1.5h")
    5400.0
    """
    count, unit = (text[:-1], text[-1].lower()) if text[-1:].isalpha() else (text, "s")
    try:
        value = float(count) * _SECONDS[unit]
    except (ValueError, KeyError) as error:
        raise argparse.ArgumentTypeError(f"{text!r} is not a time such as 90s, 10m or 2h") from error
    if not (math.isfinite(value) and value > 0):
        raise argparse.ArgumentTypeError(f"{text!r} is not a time above zero")
    return value
