"""A page as tests read it: its tags in order, its links, its ids, its text. Strict about what is closed where."""

from __future__ import annotations

from html.parser import HTMLParser

VOID = {"meta", "link", "input", "br", "wbr"}
FOREIGN = {"rect", "path", "circle", "line", "polyline"}
"""Closed by a slash where they stand, within an SVG."""

APART = {"td", "th", "p", "h2", "h3", "li", "b", "span"}
"""Not run together with what stands before them."""


class Reader(HTMLParser):
    """Collects what a page holds; `faults` are tags that are closed wrongly or not at all."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.faults: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words: dict[str, list[str]] = {}
        self.feed(text)
        self.close()
        self.faults += [f"{tag} is left open" for tag in self.open]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if len({name for name, _ in attrs}) < len(attrs):
            self.faults.append(f"{tag} has an attribute twice")
        self.handle_data(" " if tag in APART else "")
        if tag not in VOID:
            self.open.append(tag)
            self.words.setdefault(tag, []).append("")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in FOREIGN:
            self.faults.append(f"{tag} closes itself")

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open[-1] != tag:
            self.faults.append(f"{tag} is closed within {self.open[-1:]}")
        else:
            self.open.pop()

    def handle_data(self, data: str) -> None:
        for tag in set(self.open):
            self.words[tag][-1] += data

    def values(self, attribute: str) -> list[str]:
        """Every value of an attribute, in order."""
        return [value for _, given in self.tags if (value := given.get(attribute)) is not None]

    def texts(self, tag: str) -> list[str]:
        """What stands in every element of a kind, spaces reduced."""
        return [" ".join(text.split()) for text in self.words.get(tag, [])]

    def ids(self) -> list[str]:
        """The names that links may lead to."""
        return self.values("id")
