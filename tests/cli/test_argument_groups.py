"""Arguments that several commands share mean the same in each of them."""

from __future__ import annotations

import argparse

from paoding_onnx.cli.arguments import command_parser

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
