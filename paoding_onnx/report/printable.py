"""Text that a terminal may be given. Imports nothing, so that an error message need not wait."""

from __future__ import annotations


def printable(text: str) -> str:
    r"""The text with control characters as escapes: names in a model may hold what changes a terminal.

    >>> printable("a\x1b[31mb\u202ec")
    'a\\x1b[31mb\\u202ec'
    """
    return "".join(sign if sign.isprintable() else sign.encode("unicode_escape").decode() for sign in text)
