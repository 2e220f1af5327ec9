"""Whatever an error is, the user sees one line and a status that says whose fault it is."""

from __future__ import annotations

import pytest

from paoding_onnx.cli.run import UNEXPECTED, run_command
from paoding_onnx.errors import CheckError


def told(error: BaseException, capsys, *argv) -> tuple[int, str]:
    """Exit status and standard error of a command in which this happens."""

    def work(_arguments):
        raise error

    status = run_command(["inspect", "m.onnx", *argv], work)
    return status, capsys.readouterr().err


def test_error_that_nobody_foresaw_is_one_line_and_no_failed_proof(capsys):
    status, err = told(KeyError("a\x1b[31m\nb"), capsys)
    assert status == UNEXPECTED
    assert err.startswith("paoding_onnx: error: unexpected KeyError: ")
    assert (err.count("\n"), "Traceback" in err, "\x1b" in err) == (1, False, False)
    assert "--traceback" in err


def test_traceback_is_shown_where_it_is_asked_for(capsys):
    _, err = told(KeyError("\x1b]52;c;\x07"), capsys, "--traceback")
    assert err.startswith("Traceback (most recent call last):\n")
    assert "\x1b" not in err


@pytest.mark.parametrize(
    ("error", "status", "words"),
    [
        (MemoryError(), 3, "there is not enough memory for this model"),
        (CheckError("a proof"), 1, "a proof"),
        (RecursionError("deep"), UNEXPECTED, "unexpected RecursionError"),
        (OSError(28, "No space left on device"), 5, "cannot print the result: No space left on device"),
        (KeyboardInterrupt(), 130, "interrupted, nothing was written"),
    ],
)
def test_status_says_whose_fault_it_is(error, status, words, capsys, monkeypatch):
    monkeypatch.setattr("paoding_onnx.cli.run.silence", lambda: None)
    found, err = told(error, capsys)
    assert found == status
    assert words in err
    assert err.count("\n") == 1


def test_reader_that_went_away_is_no_error(capsys, monkeypatch):
    monkeypatch.setattr("paoding_onnx.cli.run.silence", lambda: None)
    assert told(BrokenPipeError(32, "Broken pipe"), capsys) == (0, "")
