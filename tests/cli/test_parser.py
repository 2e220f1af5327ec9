"""Wrong arguments are our own error, in a line that says what was probably meant."""

from __future__ import annotations

import pytest

from paoding_onnx.cli.parser import Parser
from paoding_onnx.errors import UsageError


@pytest.fixture
def parser():
    made = Parser(prog="cut")
    made.add_argument("--target", type=float)
    return made


def test_wrong_value_is_an_error_of_ours_that_names_the_help(parser):
    with pytest.raises(UsageError, match="argument --target: invalid float value: 'x'; see `cut --help`"):
        parser.parse_args(["--target", "x"])


def test_nearly_right_option_is_named(parser):
    with pytest.raises(UsageError, match="did you mean --target"):
        parser.parse_args(["--targt", "1"])


def test_options_are_spelled_out(parser):
    assert parser.options() == ["-h", "--help", "--target"]
    with pytest.raises(UsageError):
        parser.parse_args(["--targe", "1"])
