"""Texts on the command line as values. Imports nothing heavy."""

from __future__ import annotations

import argparse
import re
import shlex
from collections.abc import Callable, Iterable

_UNITS = {"": 0, "K": 10, "M": 20, "G": 30}
LARGEST_COUNT = (1 << 31) - 1
MOST_SHARES = 200
_DIGITS = 18
"""Longer numbers mean nothing, and take long to read."""
_NEGATIVE = re.compile(r"-[\d.]")


def joined(argv: Iterable[str]) -> list[str]:
    """The arguments, those that begin like a negative number tied to the option before them.

    The parser would take ``-1,1`` for an option.

    >>> joined(["attack", "--range", "-1,1"])
    ['attack', '--range=-1,1']
    """
    found: list[str] = []
    for word in argv:
        if found and found[-1].startswith("--") and "=" not in found[-1] and _NEGATIVE.match(word):
            word = f"{found.pop()}={word}"
        found.append(word)
    return found


def share(text: str) -> float:
    """A share such as ``0.5`` or ``50%``."""
    try:
        return float(text.removesuffix("%")) / 100 if text.endswith("%") else float(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number; give a share such as 0.5") from error


def shares(text: str) -> list[float]:
    """Shares such as ``0.01,5%``."""
    return [share(part) for part in text.split(",")]


def ends(text: str) -> tuple[float, float]:
    """The ends of a range such as ``-1,1``."""
    try:
        low, high = (float(part) for part in text.split(","))
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is not of the form LOW,HIGH, such as 0,1") from error
    return low, high


def count(text: str) -> int:
    """A whole number from 0 on, as large as counts may be.

    >>> count("64")
    64
    """
    if not (text.isascii() and text.isdecimal() and len(text) <= _DIGITS and int(text) <= LARGEST_COUNT):
        raise argparse.ArgumentTypeError(f"{text[:40]!r} is not a whole number from 0 to {LARGEST_COUNT}")
    return int(text)


def count_or_auto(text: str) -> int | None:
    """A whole number from 0 on, or ``auto``: left to the program.

    >>> count_or_auto("2"), count_or_auto("auto")
    (2, None)
    """
    return None if text == "auto" else count(text)


def n_bytes(text: str) -> int:
    """A number of bytes such as ``512M``."""
    number, unit = (text[:-1], text[-1].upper()) if text[-1:].isalpha() else (text, "")
    if not number.isdecimal() or unit not in _UNITS or len(number) > _DIGITS:
        raise argparse.ArgumentTypeError(f"{text[:40]!r} is not a number of bytes such as 512M or 2G")
    return int(number) << _UNITS[unit]


def multiple(text: str) -> int:
    """A number that counts shall be a multiple of; 0 for ``auto``."""
    if text == "auto":
        return 0
    if not text.isdecimal() or len(text) > _DIGITS or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text[:40]!r} is neither 'auto' nor a positive whole number")
    return int(text)


def shape(text: str) -> tuple[str, tuple[int, ...]]:
    """The name of an input and its shape, such as ``NAME:1,3,224,224``."""
    name, colon, sizes = text.rpartition(":")
    parts = [part.strip() for part in sizes.split(",")]
    if not colon or not name or not all(part.isdecimal() and len(part) <= _DIGITS and int(part) > 0 for part in parts):
        raise argparse.ArgumentTypeError(f"{text!r} is not of the form NAME:1,3,224,224")
    return name, tuple(int(part) for part in parts)


def spread(text: str) -> tuple[float, ...]:
    """Shares as they are written, or from one to another in equal steps.

    >>> spread("0.1:0.4:0.1"), spread("25%,50%")
    ((0.1, 0.2, 0.3, 0.4), (0.25, 0.5))
    """
    if ":" not in text:
        return tuple(share(part) for part in text.split(","))
    parts = [share(part) for part in text.split(":")]
    if len(parts) != 3 or not (parts[2] > 0 and parts[0] <= parts[1] and parts[1] <= 1):
        raise argparse.ArgumentTypeError(f"{text!r} is not of the form FIRST:LAST:STEP, such as 0.1:0.7:0.1")
    first, last, step = parts
    if (last - first) / step > MOST_SHARES:
        raise argparse.ArgumentTypeError(f"{text!r} are more than {MOST_SHARES} shares")
    return tuple(round(first + k * step, 9) for k in range(int((last - first) / step + 1e-9) + 1))


def words(known: Iterable[str]) -> Callable[[str], tuple[str, ...]]:
    """Some of the `known` words, with commas between them."""
    allowed = tuple(known)

    def parse(text: str) -> tuple[str, ...]:
        found = tuple(text.split(","))
        if wrong := [word for word in found if word not in allowed]:
            raise argparse.ArgumentTypeError(f"{wrong[0]!r} is none of {', '.join(allowed)}")
        return found

    return parse


def command_words(text: str) -> tuple[str, ...]:
    """Words as a shell would take them.

    >>> command_words("--exclude 'head *' --seed 1")
    ('--exclude', 'head *', '--seed', '1')
    """
    try:
        return tuple(shlex.split(text))
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r}: {error}") from error
