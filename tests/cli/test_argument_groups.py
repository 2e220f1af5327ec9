"""Arguments that several commands share mean the same in each of them."""

from __future__ import annotations

import argparse

import pytest

from paoding_onnx.cli import main
from paoding_onnx.cli.arguments import command_parser, parse_arguments

ABOUT_INPUTS = ("prune", "sensitivity", "synthesize")


def options(command):
    (commands,) = (action.choices for action in command_parser()._actions if action.dest == "command")
    return {option: action for action in commands[command]._actions for option in action.option_strings}


def meaning(action: argparse.Action):
    return (action.dest, action.default, action.type, action.metavar, action.help)


def test_every_command_can_be_limited_and_silenced():
    for command in ("inspect", "explain", "check", "evaluate", "attack", "operators", *ABOUT_INPUTS):
        assert {"--max-memory", "--time-limit", "--traceback", "--json", "--quiet", "--verbose"} <= set(
            options(command)
        )


def test_what_is_known_about_inputs_is_told_alike():
    first, *others = (options(command) for command in ABOUT_INPUTS)
    for name in ("--input-kind", "--preprocess", "--seed", "--distill", "--memory", "--threads"):
        assert [meaning(other[name]) for other in others] == [meaning(first[name])] * len(others)


WITH_INPUTS = (
    *(["inspect", "m"], ["prune", "m"], ["sensitivity", "m"]),
    *(["synthesize", "m", "-o", "o.npz"], ["check", "m", "p"]),
)


@pytest.mark.parametrize("argv", [*WITH_INPUTS, ["evaluate", "m", "--data", "d.npz"]])
def test_values_of_inputs_are_given_to_any_command_that_runs_the_model(argv):
    assert parse_arguments([*argv, "--input", "sr=16000", "--input", "h=-1,1"]).input == ["sr=16000", "h=-1,1"]


@pytest.mark.parametrize("argv", WITH_INPUTS)
def test_shapes_of_one_axis_are_spelled_with_commas(argv):
    assert parse_arguments([*argv, "--input-shape", "x:16000"]).input_shape == [("x", (16000,))]


def test_shape_given_to_evaluate_is_a_usage_error(capsys):
    assert main(["evaluate", "m.onnx", "--data", "d.npz", "--input", "x=1x3"]) == 2
    assert "samples have shapes of their own" in capsys.readouterr().err
