"""What `operators` prints."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import RenderableType
from rich.markup import escape

from paoding_onnx.report.documents.operators import operator_rows
from paoding_onnx.report.words import table


def operators_lines(*, markdown: bool = False) -> Iterator[RenderableType]:
    """The table of operators; in Markdown for the documentation."""
    rows = [[str(row[key]) for key in ("operator", "domain", "since_version", "rule")] for row in operator_rows()]
    if markdown:
        lines = ["| operator | domain | up to version | rule |", "|---|---|---|---|"]
        yield escape("\n".join([*lines, *(f"| {' | '.join(row)} |" for row in rows)]))
        return
    found = table("operator", "domain", "up to version", "rule", left=("domain", "rule"))
    for row in rows:
        found.add_row(*map(escape, row))
    yield found
