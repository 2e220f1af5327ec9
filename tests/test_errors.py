"""Every error has its exit status, its place in the tree, and a test that provokes it."""

from __future__ import annotations

import inspect
from pathlib import Path

import pytest

from paoding_onnx import errors
from paoding_onnx.cli.arguments import parse_arguments
from paoding_onnx.errors import PaodingError

STATUSES = {"UsageError": 2, "ModelError": 3, "TargetError": 4, "OutputError": 5, "CheckError": 1, "GateError": 6}
CLASSES = dict(inspect.getmembers(errors, inspect.isclass))
TESTS = "\n".join(path.read_text() for path in sorted(Path(__file__).parent.rglob("test_*.py")))


def test_statuses_are_those_that_are_documented():
    assert {name: error.exit_status for name, error in CLASSES.items() if error is not PaodingError} == STATUSES


@pytest.mark.parametrize("name", STATUSES)
def test_error_is_one_of_ours(name):
    assert CLASSES[name].__bases__ == (PaodingError,)
    assert CLASSES[name].__doc__


@pytest.mark.parametrize("name", STATUSES)
def test_tree_shows_the_error_and_its_status(name):
    (line,) = (line for line in errors.__doc__.splitlines() if line[4:].startswith(f"{name} "))
    assert line.endswith(f"exit status {STATUSES[name]}")


@pytest.mark.parametrize("name", STATUSES)
def test_error_is_provoked_by_a_test(name):
    assert f"pytest.raises({name}" in TESTS


def test_help_explains_every_status(capsys):
    with pytest.raises(SystemExit):
        parse_arguments(["--help"])
    words = " ".join(capsys.readouterr().out.split())
    statuses = words[words.index("exit status: ") :].removeprefix("exit status: ").split("; ")
    assert [status.split()[0] for status in statuses] == ["0", "1", "2", "3", "4", "5", "6", "70", "130"]
