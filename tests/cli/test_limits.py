"""Limits that the user gives, and those that hold without."""

from __future__ import annotations

import argparse

import pytest

from paoding_onnx.cli.arguments import parse_arguments
from paoding_onnx.cli.limits import limits_of, seconds
from paoding_onnx.cli.processes import available_bytes


def limits(*argv):
    return limits_of(parse_arguments(["inspect", "m.onnx", *argv]))


def test_without_options_memory_is_most_of_what_is_free_and_time_has_no_limit():
    found, free = limits(), available_bytes()
    assert found.seconds is None
    assert (found.memory is None) if free is None else (0.5 * free < found.memory < free)


def test_limits_are_what_was_said():
    found = limits("--max-memory", "2G", "--time-limit", "10m")
    assert (found.memory, found.seconds) == (2 << 30, 600.0)


@pytest.mark.parametrize("text", ["", "soon", "5d", "nan", "inf", "0", "-1s", "1e999h"])
def test_time_that_is_none_is_refused(text):
    with pytest.raises(argparse.ArgumentTypeError, match="is not a time"):
        seconds(text)
