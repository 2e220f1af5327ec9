"""A dash stands for standard input and output where that can be."""

from __future__ import annotations

import io
import sys
from argparse import Namespace
from pathlib import Path

import pytest

from paoding_onnx.cli import dash
from paoding_onnx.cli.dash import DASH, with_dashes
from paoding_onnx.errors import ModelError, UsageError


class Stream(io.TextIOWrapper):
    """A standard stream of bytes."""

    def __init__(self, content: bytes = b"") -> None:
        super().__init__(io.BytesIO(content))


def arguments(**given):
    return Namespace(**({"command": "prune", "model": Path("m.onnx"), "output": None, "plan": None} | given))


def test_model_comes_from_standard_input(monkeypatch):
    monkeypatch.setattr(sys, "stdin", Stream(b"content"))
    seen = []
    assert with_dashes(lambda given: seen.append(given.model.read_bytes()) or 0)(arguments(model=DASH)) == 0
    assert seen == [b"content"]


def test_result_goes_to_standard_output_and_words_to_the_other_stream(monkeypatch, capsys):
    out = Stream()
    monkeypatch.setattr(sys, "stdout", out)

    def work(given):
        sys.stdout.write("words\n")
        given.output.write_bytes(b"result")
        return 0

    assert with_dashes(work)(arguments(output=DASH)) == 0
    assert out.buffer.getvalue() == b"result"
    assert capsys.readouterr().err == "words\n"


def test_endless_input_is_not_read_for_ever(monkeypatch):
    monkeypatch.setattr(dash, "MOST_BYTES", 10)
    monkeypatch.setattr(sys, "stdin", Stream(b"y\n" * 100))
    with pytest.raises(ModelError, match="longer than the 2 GB"):
        with_dashes(lambda _: 0)(arguments(model=DASH))


def test_document_does_not_go_to_standard_output():
    with pytest.raises(UsageError, match="--plan is written to a file"):
        with_dashes(lambda _: 0)(arguments(plan=DASH))


def test_only_one_model_comes_from_standard_input():
    with pytest.raises(UsageError, match="only one model"):
        with_dashes(lambda _: 0)(Namespace(command="check", original=DASH, pruned=DASH))


def test_weights_in_a_second_file_cannot_go_to_standard_output():
    def work(given):
        given.output.write_bytes(b"result")
        given.output.with_name(f"{given.output.name}.data").write_bytes(b"weights")
        return 0

    with pytest.raises(UsageError, match="second file"):
        with_dashes(work)(arguments(output=DASH))
