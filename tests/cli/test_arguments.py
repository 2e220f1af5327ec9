"""What the command line takes: commands, help, options with the names of the library."""

from __future__ import annotations

from dataclasses import fields
from importlib.metadata import version

import pytest

from paoding_onnx.cli import main
from paoding_onnx.cli.arguments import parse_arguments
from paoding_onnx.options import Options

COMMANDS = (
    "inspect",
    "explain",
    "prune",
    "apply",
    "check",
    "sensitivity",
    "synthesize",
    "evaluate",
    "attack",
    "operators",
)


def test_version_is_the_packages(capsys):
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"paoding_onnx {version('paoding_onnx')}\n"


@pytest.mark.parametrize("command", [(), *((name,) for name in COMMANDS)])
def test_help_is_no_error(command, capsys):
    assert main([*command, "--help"]) == 0
    out, err = capsys.readouterr()
    assert out.startswith(f"usage: paoding_onnx {' '.join(command)}".strip())
    assert err == ""


def test_options_of_the_parser_are_the_fields_of_options():
    own = {"command", "model", "output", "plan", "report", "dry_run", "force", "json", "quiet"}
    own |= {
        "max_memory",
        "time_limit",
        "traceback",
        "config",
        "save_config",
        "as_config",
    }  # of the command line alone, which watches a process
    parsed = set(vars(parse_arguments(["prune", "m.onnx"]))) - own
    spelled = {"input": "input_values", "input_shape": "input_shapes"}
    named = {spelled.get(name, name) for name in parsed}
    assert named == {field.name for field in fields(Options)}
