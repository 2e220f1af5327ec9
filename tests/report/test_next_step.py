"""Three words, and a command that the parser takes."""

from __future__ import annotations

import shlex
from dataclasses import replace
from pathlib import Path

import pytest

from paoding_onnx.cli.arguments import parse_arguments
from paoding_onnx.evaluation.answers import OutputChange
from paoding_onnx.evaluation.kinds import Kind
from paoding_onnx.evaluation.measured import Kept, Measured
from paoding_onnx.evaluation.outlook import Outlook
from paoding_onnx.report.documents.prune import next_of
from paoding_onnx.report.next_step import VERDICTS, verdict_in_words

SAME = OutputChange("y", Kind.CLASSES, typical=0.0, worst=0.0, same=1.0, order=None, variety=0.7)


def measured(same=1.0, drop=None):
    kept = None if drop is None else Kept("drop of accuracy", drop, drop, True)
    return Measured(None, 0.0, same, "some", 64, changes=(replace(SAME, same=same),), drop=kept)


def run(printed, found, **options):
    """The result of a run that measured this."""
    return replace(printed, measured=found, run=replace(printed.run, options=replace(printed.run.options, **options)))


@pytest.mark.parametrize(
    ("found", "words"),
    [
        (measured(), "use it"),
        (measured(0.93), "test first"),
        (measured(0.5), "do not use"),
        (measured(0.5, drop=0.01), "use it"),
        (measured(1.0, drop=0.07), "test first"),
        (measured(1.0, drop=0.3), "do not use"),
    ],
)
@pytest.mark.parametrize("data", [None, Path("test.npz")])
def test_verdict_is_three_words_and_its_command_can_be_run(result, found, words, data):
    case = run(result, found, eval=data)
    assert verdict_in_words(case.measured) == words
    step = next_of(case)
    program, *arguments = shlex.split(step.command)
    assert program == "paoding_onnx"
    parsed = parse_arguments(arguments)
    prunes_less = words == "do not use" or (words == "test first" and data is not None)
    assert parsed.command == ("prune" if prunes_less else "evaluate")
    assert step.why


def test_every_outlook_has_a_verdict_of_at_most_three_words():
    assert VERDICTS.keys() == set(Outlook)
    assert max(len(words.split()) for words in VERDICTS.values()) <= 3


def test_smaller_target_is_proposed_where_too_much_went(result):
    less = parse_arguments(shlex.split(next_of(run(result, measured(0.5))).command)[1:])
    assert 0 < less.target < result.run.options.target
    kept = parse_arguments(shlex.split(next_of(run(result, measured(0.5), eval=Path("/a/test.npz"))).command)[1:])
    assert (kept.keep_accuracy, kept.eval) == (0.01, Path("test.npz"))


def test_what_was_asked_for_besides_stays(result):
    case = run(result, measured(0.5), method="magnitude", by="macs", exclude=("head*",), threads=1)
    command = next_of(case).command
    assert all(word in command for word in ("--method magnitude", "--by macs", "--exclude 'head*'", "--threads 1"))


def test_result_does_not_get_the_name_of_the_original(result):
    case = replace(result, original=replace(result.original, files=(Path("/a/m.onnx"),)))
    case = replace(case, run=replace(case.run, output=Path("/b/m.onnx")))
    assert "m.onnx -o small-m.onnx" in next_of(run(case, measured(0.5))).command
