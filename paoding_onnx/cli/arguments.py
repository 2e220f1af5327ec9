"""What the command line takes. Imports nothing heavy, so that --help answers at once."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import NoReturn

from paoding_onnx.cli.evaluate_arguments import add_evaluate, add_preprocess
from paoding_onnx.errors import UsageError
from paoding_onnx.names import ALLOCATIONS, BUDGETS, KINDS, METHOD_NAMES

_UNITS = {"": 0, "K": 10, "M": 20, "G": 30}
_EPILOG = """exit status: 0 done; 1 a proof failed, nothing was written; 2 wrong usage; 3 not a usable model;
4 nothing to prune or target out of reach; 5 the result cannot be written; 130 interrupted"""


class _Parser(argparse.ArgumentParser):
    """A parser that reports a wrong argument as one line, through our own error."""

    def error(self, message: str) -> NoReturn:
        """Refuse the arguments."""
        raise UsageError(f"{message}; see `{self.prog} --help`")


def parse_arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    """The arguments in `argv` (the process's own where `None`).

    Raises:
        UsageError: if they make no sense.
    """
    return command_parser().parse_args(argv)


def command_parser() -> argparse.ArgumentParser:
    """The parser of all commands, from which the reference of the command line is written as well."""
    parser = _Parser(
        prog="paoding_onnx",
        description="Structural pruning of trained ONNX models without data, training or a framework.",
        epilog=_EPILOG,
    )
    parser.add_argument("--version", action="version", version=f"paoding_onnx {version('paoding_onnx')}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND", parser_class=_Parser)
    _add_inspect(commands)
    _add_prune(commands)
    _add_check(commands)
    _add_sensitivity(commands)
    evaluate = commands.add_parser("evaluate", help="measure a model on labelled samples", epilog=_EPILOG)
    add_evaluate(evaluate)
    _add_output(evaluate)
    operators = commands.add_parser("operators", help="list the operators with a rule")
    operators.add_argument("--markdown", action="store_true", help="as a Markdown table")
    operators.add_argument("--json", action="store_true", help="as JSON")
    return parser


def _add_inspect(commands: argparse._SubParsersAction[_Parser]) -> None:
    inspect = commands.add_parser("inspect", help="show what can be pruned, and what cannot and why")
    inspect.add_argument("model", metavar="MODEL", type=Path)
    inspect.add_argument(
        "--why", metavar="NAME", help="why a tensor or initializer may not shrink: the way to the reason, axis by axis"
    )
    _add_scope(inspect)
    _add_output(inspect)


def _add_prune(commands: argparse._SubParsersAction[_Parser]) -> None:
    prune = commands.add_parser("prune", help="write a smaller model and prove it", epilog=_EPILOG)
    add = prune.add_argument
    add("model", metavar="MODEL", type=Path)
    add("-o", "--output", metavar="OUT", type=Path, help="the file to write; needed without --dry-run")
    add("--target", metavar="SHARE", type=_share, default=0.5, help="share to remove, in (0, 1) (default 0.5)")
    add("--by", choices=BUDGETS, default="units", help="what the target counts (default units: the paper's)")
    add("--step", metavar="SHARE", type=_share, default=0.05, help="share removed per step (default 0.05)")
    add("--method", choices=METHOD_NAMES, default="reconstruction", help="how units are chosen")
    add("--allocation", choices=ALLOCATIONS, default="measured", help="take units where it does least harm, or alike")
    add("--round-to", metavar="N", type=_multiple, default=0, help="kept units a multiple of N (default auto)")
    add("--seed", metavar="N", type=int, default=0, help="for made-up inputs and --method random (default 0)")
    _add_inputs(prune)
    _add_scope(prune)
    add("--plan", metavar="FILE", type=Path, help="write what was kept, for every initializer and axis, as JSON")
    add("--report", metavar="FILE", type=Path, help="write what was done: a page if FILE ends in .html, else JSON")
    add("--eval", metavar="PATH", type=Path, help="labelled samples (.npz with x and y): accuracy after every step")
    add("--dry-run", action="store_true", help="do everything but keep the files")
    add("--force", action="store_true", help="overwrite files that exist")
    _add_output(prune)


def _add_inputs(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument_group("inputs on which units are judged and weights fitted").add_argument
    add("--calibration", metavar="PATH", type=Path, help="your own, unlabelled: .npz, .npy or a folder of pictures")
    add("--distill", metavar="STEPS", type=int, default=0, help="move made-up inputs towards stored statistics; try 20")
    add("--input-kind", choices=KINDS, default="auto", help="what made-up inputs are like (default: found out)")
    add_preprocess(add)
    add(
        "--memory", metavar="BYTES", type=_bytes, default=1 << 30, help="activations to hold, such as 512M (default 1G)"
    )
    add(
        "--threads",
        metavar="N",
        type=int,
        default=0,
        help="threads of onnxruntime in long runs (default: its own choice)",
    )


def _add_check(commands: argparse._SubParsersAction[_Parser]) -> None:
    check = commands.add_parser("check", help="prove a pruned model against its original")
    check.add_argument("original", metavar="ORIGINAL", type=Path)
    check.add_argument("pruned", metavar="PRUNED", type=Path)
    check.add_argument("--plan", metavar="FILE", type=Path, help="the plan that `prune --plan` wrote")
    _add_shapes(check)
    _add_output(check)


def _add_sensitivity(commands: argparse._SubParsersAction[_Parser]) -> None:
    sensitivity = commands.add_parser("sensitivity", help="measure how much the outputs suffer, group by group")
    sensitivity.add_argument("model", metavar="MODEL", type=Path)
    sensitivity.add_argument("--plot", metavar="FILE", type=Path, help="write a heat map as SVG")
    sensitivity.add_argument("--force", action="store_true", help="overwrite a file that exists")
    sensitivity.add_argument("--seed", metavar="N", type=int, default=0, help="for made-up inputs (default 0)")
    _add_inputs(sensitivity)
    _add_scope(sensitivity)
    _add_output(sensitivity)


def _add_scope(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--exclude", metavar="GLOB", action="append", default=[], help="leave matching nodes or initializers whole"
    )
    parser.add_argument(
        "--only", metavar="GLOB", action="append", default=[], help="prune only units made at matching nodes"
    )
    parser.add_argument("--exact-only", action="store_true", help="leave units whose removal is inexact by nature")
    parser.add_argument(
        "--choose",
        metavar="[GLOB=]WHAT",
        action="append",
        default=[],
        help="whole heads and groups (blocks) or the same positions in each (positions); default auto",
    )
    _add_shapes(parser)


def _add_shapes(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--input-shape",
        metavar="NAME:D,D,..",
        action="append",
        type=_shape,
        default=[],
        help="shape to run an input with open axes at (default: found by trying)",
    )


def _add_output(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="print JSON on stdout")
    volume = parser.add_mutually_exclusive_group()
    volume.add_argument("-q", "--quiet", action="store_true", help="print errors only")
    volume.add_argument("-v", "--verbose", action="store_true", help="print everything, onnxruntime's warnings too")


def _share(text: str) -> float:
    try:
        return float(text.removesuffix("%")) / 100 if text.endswith("%") else float(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is no number; give a share such as 0.5") from error


def _bytes(text: str) -> int:
    number, unit = (text[:-1], text[-1].upper()) if text[-1:].isalpha() else (text, "")
    if not number.isdecimal() or unit not in _UNITS:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of bytes such as 512M or 2G")
    return int(number) << _UNITS[unit]


def _multiple(text: str) -> int:
    if text == "auto":
        return 0
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is neither 'auto' nor a positive whole number")
    return int(text)


def _shape(text: str) -> tuple[str, tuple[int, ...]]:
    name, colon, sizes = text.rpartition(":")
    parts = [part.strip() for part in sizes.split(",")]
    if not colon or not name or not all(part.isdecimal() and int(part) > 0 for part in parts):
        raise argparse.ArgumentTypeError(f"{text!r} is not of the form NAME:1,3,224,224")
    return name, tuple(int(part) for part in parts)
