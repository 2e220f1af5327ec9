"""The command that a page names does what was done: parsed again it gives the same options."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest

from paoding_onnx.calibration.preprocess import IMAGENET, Preprocess
from paoding_onnx.cli.arguments import parse_arguments
from paoding_onnx.cli.options import options_of
from paoding_onnx.options import Options
from paoding_onnx.report.command import command_of, pieces


@pytest.mark.parametrize(
    "options",
    [
        Options(),
        Options(target=0.3, by="macs", step=0.1, method="paoding", round_to=8, seed=7, memory=1 << 29),
        Options(device="rknn", by="latency", method="magnitude", latency_table=Path("t.json"), threads=1),
        Options(exclude=("head*", "a b", "$x"), only=("'q'",), exact_only=True, allocation="uniform"),
        Options(choose=("blocks", "/a/*=positions"), input_shapes={"x:0": (1, 3, 8, 8), "y": (2,)}),
        Options(input_values={"sr": 16000.0, "ids": Path("rows.npy"), "h": (-1.0, 1.0)}),
        Options(calibration=Path("photos"), input_kind="images", preprocess=IMAGENET),
        Options(preprocess=Preprocess(range=(-1.0, 1.0), size=(8, 9)), exclude=("-x",)),
    ],
)
def test_command_parsed_again_gives_the_same_options(options):
    description = shlex.split(command_of(options, Path("m.onnx"), Path("small.onnx")))
    arguments = parse_arguments(description[1:])
    assert description[0] == "paoding_onnx"
    assert options_of(arguments) == options
    assert (arguments.model, arguments.output) == (Path("m.onnx"), Path("small.onnx"))


def test_what_is_usual_is_not_spelled_but_for_the_target():
    assert command_of(Options(), Path("a/m.onnx"), None) == "paoding_onnx prune a/m.onnx --dry-run --target 0.5"


def test_folders_of_the_machine_are_not_named():
    options = Options(calibration=Path("/home/me/photos"))
    command = command_of(options, Path("/home/me/m.onnx"), Path("/srv/small.onnx"))
    assert command == "paoding_onnx prune m.onnx -o small.onnx --target 0.5 --calibration photos"


def test_pieces_are_the_command():
    options = Options(exclude=("a b", "--c", "'"), preprocess=Preprocess(range=(-1.0, 1.0)))
    command = command_of(options, Path("my model.onnx"), Path("small.onnx"))
    assert shlex.split(" ".join(pieces(command))) == shlex.split(command)


def test_target_that_was_found_is_not_what_was_asked_for():
    options = Options(target=0.31, step=1.0, keep_answers=0.98)
    command = command_of(options, Path("m.onnx"), Path("small.onnx"))
    assert command == "paoding_onnx prune m.onnx -o small.onnx --keep-answers 0.98"
    assert options_of(parse_arguments(shlex.split(command)[1:])).keep_answers == 0.98
