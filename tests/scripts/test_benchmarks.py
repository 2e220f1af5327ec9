"""What benchmarks share: rows that stay in a file, pages, commands with limits, and work side by side."""

from __future__ import annotations

import signal
from dataclasses import dataclass
from operator import attrgetter

import pytest

from scripts.benchmarks.ledger import Ledger, read_csv
from scripts.benchmarks.page import MARKERS, put_between, table
from scripts.benchmarks.processes import Limits, each, run


@dataclass(frozen=True, slots=True)
class Row:
    """A row with every kind of field."""

    name: str
    size: int | None
    share: float
    is_ok: bool


ROWS = [Row("b", None, 0.5, True), Row("a", 3, 0.25, False)]


def test_rows_are_read_as_they_were_written(tmp_path):
    rows = Ledger(tmp_path / "rows.csv", Row, attrgetter("name"))
    for row in ROWS:
        rows.add(row)
    assert read_csv(tmp_path / "rows.csv", Row) == rows.rows == ROWS


def test_rows_stand_in_order_and_replace_those_of_the_same_key(tmp_path):
    path = tmp_path / "rows.csv"
    for row in (*ROWS, Row("a", 4, 0.0, True)):
        Ledger(path, Row, attrgetter("name"), attrgetter("name")).add(row)
    assert [(row.name, row.size) for row in read_csv(path, Row)] == [("a", 4), ("b", None)]
    assert "a" in Ledger(path, Row, attrgetter("name"))
    assert "c" not in Ledger(path, Row, attrgetter("name"))


def test_the_last_letter_aligns_all_further_columns():
    assert table(["a", "b", "c"], [], align="lr").splitlines() == ["| a | b | c |", "|---|--:|--:|"]


def test_text_goes_between_the_markers_of_a_page(tmp_path):
    page = tmp_path / "page.md"
    page.write_text(f"a\n{MARKERS[0]}\nold\n{MARKERS[1]}\nb\n")
    put_between(page, "new")
    put_between(page, "newer")
    assert page.read_text() == f"a\n{MARKERS[0]}\n\nnewer\n\n{MARKERS[1]}\nb\n"


def test_page_without_markers_is_refused_and_left_alone(tmp_path):
    page = tmp_path / "page.md"
    page.write_text("no place for a table")
    with pytest.raises(ValueError, match="measured: begin"):
        put_between(page, "new")
    assert page.read_text() == "no place for a table"


def test_command_tells_what_it_printed_and_used():
    done = run("timeit", "-n", "1", "-r", "1", "x = bytearray(90_000_000)")
    assert done.code == 0
    assert "1 loop" in done.out
    assert done.peak_bytes > 90_000_000
    assert 0 < done.cpu_seconds <= 2 * done.seconds


def test_command_finds_the_programs_of_this_folder():
    assert "models of `models/`" in " ".join(run("scripts.train", "--help").out.split())


def test_command_is_stopped_by_the_clock():
    done = run("timeit", "-n", "1", "while True: pass", limits=Limits(seconds=0.3))
    assert done.code == -signal.SIGKILL
    assert done.message == "killed"


def test_command_is_stopped_at_its_limit_of_memory():
    done = run("timeit", "-n", "1", "x = bytearray(900_000_000)", limits=Limits(memory_bytes=500_000_000))
    assert done.message == "MemoryError"


def test_command_is_stopped_at_its_limit_of_processor_time():
    assert run("timeit", "-n", "1", "while True: pass", limits=Limits(cpu_seconds=1)).message == "out of CPU time"


@pytest.mark.parametrize("n", [1, 2])
def test_every_job_is_done_once(n):
    assert sorted(each(lambda job: job * job, range(5), n=n)) == [0, 1, 4, 9, 16]
