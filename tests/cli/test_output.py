"""What goes to stdout: the document, the lines, or nothing; a progress bar only on a terminal."""

from __future__ import annotations

import io
import json
import sys
from argparse import Namespace

import pytest
from rich.console import Console

from paoding_onnx.cli import output
from paoding_onnx.cli.output import PLAIN_WIDTH, circumstances, progress_bar, show
from paoding_onnx.context import logged, silent

LINES = ("one: [bold]two[/bold] :smile:", "long " * PLAIN_WIDTH)


def arguments(**given):
    """Arguments of a command that is neither quiet nor asked for JSON, unless given otherwise."""
    return Namespace(**({"json": False, "quiet": False} | given))


def never():
    """A document that nobody asks for."""
    raise AssertionError


def test_lines_are_printed_without_signs_for_a_terminal_and_are_not_cut(capsys):
    show(arguments(), never, LINES)
    assert capsys.readouterr().out == f"one: two :smile:\n{LINES[1]}\n"


def test_quiet_commands_print_nothing(capsys):
    show(arguments(quiet=True), never, LINES)
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("quiet", [False, True])
def test_json_is_printed_in_place_of_lines(quiet, capsys):
    show(arguments(json=True, quiet=quiet), lambda: {"a": [1]}, LINES)
    assert json.loads(capsys.readouterr().out) == {"a": [1]}


def test_where_there_is_no_terminal_each_stage_is_a_line_on_standard_error(capsys):
    with progress_bar(arguments()) as progress:
        tell = logged(progress)
        tell("tracing", 0.5)
        tell("step 1 of 2 \x1b]52;c;ZXZpbA==\x07", 0.6)
        tell("step 2 of 2 \x1b]52;c;ZXZpbA==\x07", 0.7)
    out, err = capsys.readouterr()
    assert out == ""
    assert [line.split(" s  ")[1] for line in err.splitlines()] == ["tracing", "step 1 of 2 \\x1b]52;c;ZXZpbA==\\x07"]


def test_stages_are_lines_no_more_once_the_command_is_done(capsys):
    with progress_bar(arguments()):
        pass
    logged(silent)("tracing", 0.5)
    assert capsys.readouterr() == ("", "")


def test_quiet_commands_tell_no_stage(capsys):
    with progress_bar(arguments(quiet=True)) as progress:
        logged(progress)("tracing", 0.5)
    assert capsys.readouterr() == ("", "")


def test_circumstances_are_the_machine_the_seconds_and_the_seed():
    found = circumstances(arguments(started=0.0, seed=3), {"format": "x"})
    assert list(found) == ["format", "machine", "seconds", "seed"]
    assert found["seconds"] > 0
    assert "seed" not in circumstances(arguments(started=0.0), {})


def test_progress_shows_names_that_a_terminal_would_obey_as_escapes(monkeypatch):
    terminal = io.StringIO()
    monkeypatch.setattr(output, "Console", lambda **_: Console(file=terminal, force_terminal=True, width=100))
    with progress_bar(arguments()) as tell:
        tell("layer \x1b]52;c;ZXZpbA==\x07[red]", 0.5)
    assert "\x1b]52" not in terminal.getvalue()
    assert "layer \\x1b]52;c;ZXZpbA==\\x07[red]" in terminal.getvalue()


def test_reader_that_goes_away_in_the_middle_of_a_table_is_no_error(monkeypatch):
    class Closed(io.StringIO):
        def write(self, _text):
            raise BrokenPipeError

    monkeypatch.setattr(sys, "stdout", Closed())
    show(arguments(), never, LINES)
    show(arguments(json=True), lambda: {"a": 1}, LINES)


def test_closed_output_is_no_error(monkeypatch):
    monkeypatch.setattr(sys, "stdout", None)
    show(arguments(), never, LINES)
    show(arguments(json=True), lambda: {"a": 1}, LINES)
