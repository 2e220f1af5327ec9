"""Text that a terminal, a page or a picture may be given: all that is shown of names goes through here."""

from __future__ import annotations

from html import escape


def printable(text: str) -> str:
    r"""The text with control characters as escapes: names in a model may hold what changes a terminal.

    >>> printable("a\x1b[31mb\u202ec")
    'a\\x1b[31mb\\u202ec'
    """
    return "".join(sign if sign.isprintable() else sign.encode("unicode_escape").decode() for sign in text)


def in_markup(text: str) -> str:
    r"""The text as HTML and XML hold it: XML has no control characters at all, however they are spelled.

    >>> in_markup("<a>\x1b")
    '&lt;a&gt;\\x1b'
    """
    return escape(printable(text))
