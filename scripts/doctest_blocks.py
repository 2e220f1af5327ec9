"""For the site: examples in docstrings become code blocks. mkdocs.yml names this file; it is not run by hand.

Our docstrings have their doctests as a paragraph of their own, which Markdown would take for a quotation.
"""

from __future__ import annotations

import re

import griffe

PARAGRAPH = re.compile(r"^>>> .*(?:\n.+)*", re.MULTILINE)


class DoctestBlocks(griffe.Extension):
    """Puts a fence around every doctest of a package as it is read."""

    def on_object(self, *, obj: griffe.Object, **_: object) -> None:
        """Change the docstring of one object, if it has one."""
        if obj.docstring is not None:
            obj.docstring.value = fenced(obj.docstring.value)


def fenced(docstring: str) -> str:
    """A docstring with a fence around every doctest."""
    return PARAGRAPH.sub(lambda found: f"```pycon\n{found[0]}\n```", docstring)
