"""What the command line takes. Imports nothing heavy, so that --help answers at once."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any, NoReturn

from paoding_onnx.cli import values
from paoding_onnx.cli.limits import add_limits
from paoding_onnx.cli.near_miss import near_miss
from paoding_onnx.errors import UsageError
from paoding_onnx.names import ALLOCATIONS, ATTACKS, BUDGETS, EFFORTS, KINDS, METHOD_NAMES, TASKS

_EPILOG = """exit status: 0 done; 1 a proof failed, nothing was written; 2 wrong usage; 3 not a usable model;
4 nothing to prune or target out of reach; 5 the result cannot be written; 70 our fault; 130 interrupted"""


class _Parser(argparse.ArgumentParser):
    """A parser that reports a wrong argument as one line, through our own error; options are spelled out."""

    def __init__(self, **settings: Any) -> None:  # noqa: ANN401 - those of argparse
        super().__init__(**{"allow_abbrev": False} | settings)

    def error(self, message: str) -> NoReturn:
        """Refuse the arguments."""
        raise UsageError(f"{message}{near_miss(message, self.options())}; see `{self.prog} --help`")

    def options(self) -> list[str]:
        """How the options are spelled."""
        return [option for action in self._actions for option in action.option_strings]


_Commands = argparse._SubParsersAction  # of `_Parser`; argparse has no public name for it


def parse_arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    """The arguments in `argv` (the process's own where `None`).

    Raises:
        UsageError: if they make no sense.
    """
    parser = command_parser()
    found, unknown = parser.parse_known_args(values.joined(sys.argv[1:] if argv is None else argv))
    if unknown:
        commands = next(action for action in parser._actions if isinstance(action, _Commands))
        commands.choices[found.command].error(f"unrecognized arguments: {' '.join(unknown)}")
    return found


def command_parser() -> argparse.ArgumentParser:
    """The parser of all commands, from which the reference of the command line is written as well."""
    parser = _Parser(
        prog="paoding_onnx",
        description="Structural pruning of trained ONNX models without data, training or a framework.",
        epilog=_EPILOG,
    )
    parser.add_argument("--version", action="version", version=f"paoding_onnx {version('paoding_onnx')}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND", parser_class=_Parser)
    for add in (_inspect, _explain, _prune, _check, _sensitivity, _synthesize, _evaluate, _attack, _operators):
        add(commands)
    return parser


def _inspect(commands: _Commands[_Parser]) -> None:
    inspect = commands.add_parser("inspect", help="show what can be pruned, and what cannot and why")
    inspect.add_argument("model", metavar="MODEL", type=Path)
    _add_scope(inspect)
    _add_output(inspect)


def _explain(commands: _Commands[_Parser]) -> None:
    explain = commands.add_parser("explain", help="show why a tensor may not shrink, axis by axis")
    explain.add_argument("model", metavar="MODEL", type=Path)
    explain.add_argument("name", metavar="NAME", help="a tensor or initializer; `inspect --json` lists them")
    _add_scope(explain)
    _add_output(explain)


def _prune(commands: _Commands[_Parser]) -> None:
    prune = commands.add_parser("prune", help="write a smaller model and prove it", epilog=_EPILOG)
    add = prune.add_argument
    add("model", metavar="MODEL", type=Path)
    add("-o", "--output", metavar="OUT", type=Path, help="the file to write; needed without --dry-run")
    add("--target", metavar="SHARE", type=values.share, default=0.5, help="share to remove, in (0, 1) (default 0.5)")
    add(
        "--by",
        choices=BUDGETS,
        help="what the target counts, over the whole model (default parameters; units for other methods)",
    )
    add("--step", metavar="SHARE", type=values.share, default=0.05, help="share removed per step (default 0.05)")
    add("--method", choices=METHOD_NAMES, default="reconstruction", help="how units are chosen")
    add(
        "--allocation",
        choices=ALLOCATIONS,
        default="measured",
        help="take units where sensitivity is lowest (default), or the same share of every group",
    )
    add("--round-to", metavar="N", type=values.multiple, default=0, help="kept units a multiple of N (default auto)")
    _add_inputs(prune)
    _add_calibration(prune)
    _add_recovery(prune)
    _add_scope(prune)
    add("--plan", metavar="FILE", type=Path, help="write what was kept, for every initializer and axis, as JSON")
    add("--report", metavar="FILE", type=Path, help="write what was done: a page if FILE ends in .html, else JSON")
    add("--eval", metavar="PATH", type=Path, help="labelled samples (.npz with x and y): accuracy after every step")
    add("--dry-run", action="store_true", help="do everything but keep the files")
    _add_force(prune)
    _add_output(prune)


def _check(commands: _Commands[_Parser]) -> None:
    check = commands.add_parser("check", help="prove a pruned model against its original")
    check.add_argument("original", metavar="ORIGINAL", type=Path)
    check.add_argument("pruned", metavar="PRUNED", type=Path)
    check.add_argument("--plan", metavar="FILE", type=Path, help="the plan that `prune --plan` wrote")
    _add_shapes(check)
    _add_output(check)


def _sensitivity(commands: _Commands[_Parser]) -> None:
    sensitivity = commands.add_parser("sensitivity", help="measure how far the outputs move, group by group")
    sensitivity.add_argument("model", metavar="MODEL", type=Path)
    sensitivity.add_argument("--plot", metavar="FILE", type=Path, help="write a heat map as SVG")
    _add_force(sensitivity)
    _add_inputs(sensitivity)
    _add_calibration(sensitivity)
    _add_scope(sensitivity)
    _add_output(sensitivity)


def _synthesize(commands: _Commands[_Parser]) -> None:
    synthesize = commands.add_parser("synthesize", help="write synthetic inputs, to calibrate a quantizer and the like")
    add = synthesize.add_argument
    add("model", metavar="MODEL", type=Path)
    add("-o", "--output", metavar="OUT", type=Path, required=True, help="the .npz file to write")
    add("--samples", metavar="N", dest="n_samples", type=values.count, default=128, help="how many (default 128)")
    _add_force(synthesize)
    _add_inputs(synthesize)
    _add_shapes(synthesize)
    _add_output(synthesize)


def _evaluate(commands: _Commands[_Parser]) -> None:
    evaluate = commands.add_parser("evaluate", help="measure a model on labelled samples", epilog=_EPILOG)
    _add_data(evaluate)
    evaluate.add_argument(
        "--top",
        metavar="K",
        type=values.count,
        default=5,
        help="also count labels among the K highest scores (default 5)",
    )
    evaluate.add_argument(
        "--processors",
        metavar="N",
        type=values.count,
        default=1,
        help="processors to which the measurement of latency is bound (default 1); 0 leaves it out",
    )
    _add_output(evaluate)


def _attack(commands: _Commands[_Parser]) -> None:
    attack = commands.add_parser("attack", help="measure how easily a classifier is fooled", epilog=_EPILOG)
    _add_data(attack)
    add = attack.add_argument
    add("--method", choices=ATTACKS, default="fgsm", help="one step along the gradient's sign (default), or several")
    add(
        "--epsilon",
        metavar="E,E,..",
        dest="epsilons",
        type=values.shares,
        action="extend",
        help="how far inputs may move, as shares of their range (default 0.01,0.05)",
    )
    add("--steps", metavar="N", type=values.count, help="steps of pgd (default 10)")
    add(
        "--range",
        metavar="LOW,HIGH",
        dest="value_range",
        type=values.ends,
        help="between which values the input lies, as the model reads it (default: found from the data)",
    )
    add("--black-box", action="store_true", help="estimate gradients from outputs, for models without exact ones")
    add("--queries", metavar="N", type=values.count, help="pairs of runs for an estimate (default 64)")
    _add_output(attack)


def _operators(commands: _Commands[_Parser]) -> None:
    operators = commands.add_parser("operators", help="list the operators with a rule")
    operators.add_argument("--markdown", action="store_true", help="as a Markdown table")
    _add_output(operators)


def _add_data(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("model", metavar="MODEL", type=Path)
    add("--data", metavar="PATH", type=Path, required=True, help=".npz file with x and y, or a folder for each class")
    add("--against", metavar="ORIGINAL", type=Path, help="the model it was made from, on the same samples")
    add("--task", choices=TASKS, help="what is measured (default: found from the output and the labels)")
    add("--output", metavar="NAME", help="the output to evaluate (default: the first of floating-point numbers)")
    add("--samples", metavar="N", dest="n_samples", type=values.count, default=0, help="take N samples, evenly spaced")
    add("--seed", metavar="N", type=values.count, default=0, help="for what is drawn at random (default 0)")
    _add_preprocess(add)


def _add_inputs(parser: argparse.ArgumentParser) -> None:
    """What is known about a model's inputs, and what a run with synthetic ones may use."""
    add = parser.add_argument_group("inputs").add_argument
    add("--input-kind", choices=KINDS, default="auto", help="what synthetic inputs are like (default: found out)")
    _add_preprocess(add)
    add(
        "--seed", metavar="N", type=values.count, default=0, help="for synthetic inputs and --method random (default 0)"
    )
    add(
        "--distill",
        metavar="STEPS",
        type=values.count,
        default=0,
        help="fit synthetic inputs to stored statistics; try 20",
    )
    add("--memory", metavar="BYTES", type=values.n_bytes, default=1 << 29, help="activations to hold (default 512M)")
    add(
        "--threads",
        metavar="N",
        type=values.count,
        default=0,
        help="threads of onnxruntime in long runs (default: its choice)",
    )


def _add_calibration(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--calibration",
        metavar="PATH",
        type=Path,
        help="your own unlabelled samples in place of synthetic ones: .npz, .npy or a folder of images",
    )


def _add_recovery(parser: argparse.ArgumentParser) -> None:
    """How long the original teaches the smaller model."""
    add = parser.add_argument_group("recovery").add_argument
    add("--effort", choices=EFFORTS, default="fast", help="let the original teach the smaller model (default fast: no)")
    add(
        "--recover",
        metavar="STEPS",
        type=values.count,
        default=0,
        help="exactly so many steps (default: what the effort says)",
    )


def _add_preprocess(add: Callable[..., object]) -> None:
    add(
        "--preprocess",
        metavar="KEY=VALUE",
        action="append",
        default=[],
        help="how raw values become inputs; may be repeated: scale=255, mean=A,B,C and std=A,B,C, or range=LOW,HIGH; "
        "for images also size=H,W, fit=stretch|crop, layout=nchw|nhwc, order=rgb|bgr; or imagenet",
    )


def _add_scope(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("--exclude", metavar="GLOB", action="append", default=[], help="leave matching nodes or initializers whole")
    add("--only", metavar="GLOB", action="append", default=[], help="prune only units made at matching nodes")
    add("--exact-only", action="store_true", help="leave units whose removal is inexact by nature")
    add(
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
        type=values.shape,
        default=[],
        help="shape to run an input with open axes at (default: found by trying)",
    )


def _add_force(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--force", action="store_true", help="overwrite files that exist")


def _add_output(parser: argparse.ArgumentParser) -> None:
    add_limits(parser)
    parser.add_argument("--json", action="store_true", help="print JSON on stdout")
    volume = parser.add_mutually_exclusive_group()
    volume.add_argument("-q", "--quiet", action="store_true", help="print errors only")
    volume.add_argument("-v", "--verbose", action="store_true", help="print everything, onnxruntime's warnings too")
