"""What was probably meant by a word that a command does not know. Imports nothing heavy."""

from __future__ import annotations

import re
from collections.abc import Sequence
from difflib import get_close_matches

_UNKNOWN = re.compile(r"unrecognized arguments: .*?(-[^\s=]+)")
_CHOICE = re.compile(r"invalid choice: '([^']*)' \(choose from (.*)\)")


def near_miss(message: str, options: Sequence[str]) -> str:
    """A question to be put behind a message of argparse; nothing where no option or choice is like the word.

    >>> near_miss("unrecognized arguments: --targt 0.3", ["--target", "--plan"])
    '; did you mean --target?'
    >>> near_miss("argument --method: invalid choice: 'magnitud' (choose from 'paoding', 'magnitude')", [])
    '; did you mean magnitude?'
    """
    word, known = "", list(options)
    if found := _UNKNOWN.search(message):
        word = found[1]
    elif found := _CHOICE.search(message):
        word, known = found[1], [choice.strip(" '") for choice in found[2].split(",")]
    close = get_close_matches(word.lower(), known, n=1) if word else []
    begun = [option for option in known if len(word) > 3 and option.startswith(word)]
    return f"; did you mean {(close or begun)[0]}?" if close or begun else ""
