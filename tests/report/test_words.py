"""Words and cells of tables: names as they may be printed, lists that are cut, counts, shares."""

from __future__ import annotations

import pytest

from paoding_onnx.report.words import MAX_ROWS, cell, plural, rest, share, some, table
from tests.report.printed import rows, text


@pytest.mark.parametrize(
    ("name", "shown"), [("[red]a[/red]", "[red]a[/red]"), ("a\x1b[31m", "a\\x1b[31m"), ("a\nb", "a\\nb")]
)
def test_names_are_printed_as_they_are_spelled(name, shown):
    assert text([cell(name)]) == f"{shown}\n"


def test_columns_of_words_are_on_the_left_and_numbers_on_the_right():
    made = table("group", "units", "reason", left=("reason",))
    assert [column.justify for column in made.columns] == ["left", "right", "left"]
    made.add_row("a", "1", "b")
    assert ["a", "1", "b"] in rows([made])


@pytest.mark.parametrize(("extra", "last"), [(0, []), (2, ["and 2 more nodes; --verbose lists them all"])])
def test_lists_end_in_how_many_more_there_are(extra, last):
    count = MAX_ROWS + extra
    assert len(some(range(count), verbose=False)) == MAX_ROWS
    assert len(some(range(count), verbose=True)) == count
    assert list(rest(count, "nodes", verbose=False)) == last
    assert list(rest(count, "nodes", verbose=True)) == []


@pytest.mark.parametrize(("count", "words"), [(0, "0 units"), (1, "1 unit"), (1234, "1,234 units")])
def test_one_thing_is_singular(count, words):
    assert plural(count, "unit") == words


def test_nothing_is_gone_of_nothing():
    assert (share(0, 0), share(4, 1), share(4, 5)) == (0, 0.75, -0.25)
