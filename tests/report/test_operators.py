"""What `operators` prints: a table, or Markdown for the documentation."""

from __future__ import annotations

from paoding_onnx.report.documents.operators import operator_rows
from paoding_onnx.report.operators import operators_lines
from tests.report.printed import rows, text


def test_every_operator_is_a_row_of_the_table():
    found = rows(operators_lines())
    assert all([str(row["operator"]), str(row["domain"])] in [line[:2] for line in found] for row in operator_rows())


def test_markdown_has_a_head_and_a_row_for_every_operator():
    lines = text(operators_lines(markdown=True)).splitlines()
    assert lines[:2] == ["| operator | domain | up to version | rule |", "|---|---|---|---|"]
    assert len(lines) == 2 + len(operator_rows())
