"""What the command line takes. Imports nothing heavy, so that --help answers at once."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

from paoding_onnx.cli import values
from paoding_onnx.cli.argument_groups import (
    add_calibration,
    add_data,
    add_force,
    add_inputs,
    add_output,
    add_recovery,
    add_result,
    add_scope,
    add_shapes,
)
from paoding_onnx.cli.config import config_text, with_config
from paoding_onnx.cli.parser import Parser
from paoding_onnx.names import ALLOCATIONS, ATTACKS, BUDGETS, DEVICES, EFFORTS, METHOD_NAMES

_EPILOG = """exit status: 0 done; 1 a proof failed, nothing was written; 2 wrong usage; 3 not a usable model;
4 nothing to prune or target out of reach; 5 the result cannot be written; 6 not as good as was asked for;
70 our fault; 130 interrupted"""


_Commands = argparse._SubParsersAction  # of `Parser`; argparse has no public name for it


def parse_arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    """The arguments in `argv` (the process's own where `None`); `as_config` is what a file of them would hold.

    Raises:
        UsageError: if they make no sense.
    """
    parser = command_parser()
    commands = next(action.choices for action in parser._actions if isinstance(action, _Commands))
    words = with_config(values.joined(sys.argv[1:] if argv is None else argv), commands)
    found, unknown = parser.parse_known_args(words)
    if unknown:
        commands[found.command].error(f"unrecognized arguments: {' '.join(unknown)}")
    found.as_config = config_text(found.command, words[1:], commands[found.command])
    return found


def command_parser() -> argparse.ArgumentParser:
    """The parser of all commands, from which the reference of the command line is written as well."""
    parser = Parser(
        prog="paoding_onnx",
        description="Structural pruning of trained ONNX models without data, training or a framework.",
        epilog=_EPILOG,
    )
    parser.add_argument("--version", action="version", version=f"paoding_onnx {version('paoding_onnx')}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND", parser_class=Parser)
    for add in (
        _inspect,
        _explain,
        _prune,
        _apply,
        _check,
        _sensitivity,
        _profile,
        _synthesize,
        _evaluate,
        _attack,
        _sweep,
        _operators,
    ):
        add(commands)
    return parser


def _inspect(commands: _Commands[Parser]) -> None:
    inspect = commands.add_parser("inspect", help="show what can be pruned, and what cannot and why")
    inspect.add_argument("model", metavar="MODEL", type=Path)
    add_scope(inspect)
    add_output(inspect)


def _explain(commands: _Commands[Parser]) -> None:
    explain = commands.add_parser("explain", help="show why a tensor may not shrink, axis by axis")
    explain.add_argument("model", metavar="MODEL", type=Path)
    explain.add_argument("name", metavar="NAME", help="a tensor or initializer; `inspect --json` lists them")
    add_scope(explain)
    add_output(explain)


def _amount(prune: argparse.ArgumentParser) -> None:
    """How much is to go."""
    add = prune.add_argument
    amount = prune.add_mutually_exclusive_group()
    amount.add_argument(
        "--target",
        metavar="SHARE",
        type=values.share,
        default=0.5,
        help="share to remove, in (0, 1) (default 0.5); with --vocabulary or --depth it may be 0",
    )
    amount.add_argument(
        "--keep-accuracy",
        metavar="SHARE",
        type=values.share,
        help="remove as much as lets the accuracy drop by at most this, such as 1%% (with --eval)",
    )
    amount.add_argument(
        "--keep-answers",
        metavar="SHARE",
        type=values.share,
        help="remove as much as leaves at least this share of the answers as they were, such as 98%%; needs no data",
    )
    add(
        "--by",
        choices=BUDGETS,
        help="what the target counts, over the whole model (default parameters; units for other methods)",
    )
    add(
        "--latency-table",
        metavar="FILE",
        type=Path,
        help="times of the layers that `paoding_onnx profile` wrote, for --by latency (default: measured here)",
    )
    add("--step", metavar="SHARE", type=values.share, default=0.05, help="share removed per step (default 0.05)")


def _prune(commands: _Commands[Parser]) -> None:
    prune = commands.add_parser("prune", help="write a smaller model and prove it", epilog=_EPILOG)
    add = prune.add_argument
    add("model", metavar="MODEL", type=Path)
    add("-o", "--output", metavar="OUT", type=Path, help="the file to write; needed without --dry-run")
    _amount(prune)
    add(
        "--vocabulary",
        metavar="FILE",
        type=Path,
        help="ids or tokens to keep, one in each line (or .json, .npy): the others leave the tables; see --target 0",
    )
    add(
        "--depth",
        metavar="N",
        type=values.count_or_auto,
        default=None,
        help="remove N residual branches whole first, those that matter least, or auto (default): as many as move the "
        "outputs less than narrower layers would; the rest of the target is widths",
    )
    add("--method", choices=METHOD_NAMES, default="reconstruction", help="how units are chosen")
    add(
        "--allocation",
        choices=ALLOCATIONS,
        default="measured",
        help="take units where sensitivity is lowest (default), or the same share of every group",
    )
    rounding = prune.add_mutually_exclusive_group().add_argument
    multiple = "kept units a multiple of N (default auto)"
    rounding("--round-to", metavar="N", type=values.multiple, default=0, help=multiple)
    rounding("--for", dest="device", choices=DEVICES, help="kept units as this device or runtime likes them")
    add_inputs(prune)
    add_calibration(prune)
    add_recovery(prune)
    add_scope(prune)
    add("--plan", metavar="FILE", type=Path, help="write what was kept, for every initializer and axis, as JSON")
    add("--report", metavar="FILE", type=Path, help="write what was done: a page if FILE ends in .html, else JSON")
    add("--eval", metavar="PATH", type=Path, help="labelled samples (.npz with x and y): accuracy after every step")
    add_result(prune)
    add_output(prune)


def _apply(commands: _Commands[Parser]) -> None:
    apply = commands.add_parser("apply", help="cut another copy of a model by a plan", epilog=_EPILOG)
    add = apply.add_argument
    add("plan", metavar="PLAN", type=Path, help="the plan that `prune --plan` wrote")
    add("model", metavar="MODEL", type=Path, help="the same network with other weights, such as trained on since")
    add("-o", "--output", metavar="OUT", type=Path, help="the file to write; needed without --dry-run")
    add_shapes(apply)
    add_result(apply)
    add_output(apply)


def _check(commands: _Commands[Parser]) -> None:
    check = commands.add_parser("check", help="prove a pruned model against its original")
    check.add_argument("original", metavar="ORIGINAL", type=Path)
    check.add_argument("pruned", metavar="PRUNED", type=Path)
    check.add_argument("--plan", metavar="FILE", type=Path, help="the plan that `prune --plan` wrote")
    add_shapes(check)
    add_output(check)


def _sensitivity(commands: _Commands[Parser]) -> None:
    sensitivity = commands.add_parser("sensitivity", help="measure how far the outputs move, group by group")
    sensitivity.add_argument("model", metavar="MODEL", type=Path)
    sensitivity.add_argument("--plot", metavar="FILE", type=Path, help="write a heat map as SVG")
    add_force(sensitivity)
    add_inputs(sensitivity)
    add_calibration(sensitivity)
    add_scope(sensitivity)
    add_output(sensitivity)


def _profile(commands: _Commands[Parser]) -> None:
    profile = commands.add_parser("profile", help="time the layers of a model at fewer channels, for --by latency")
    add = profile.add_argument
    add("model", metavar="MODEL", type=Path)
    add("-o", "--output", metavar="TABLE", type=Path, required=True, help="the file to write, JSON")
    add(
        "--threads",
        metavar="N",
        type=values.count,
        default=0,
        help="threads of onnxruntime (default: its choice)",
    )
    add_force(profile)
    add_scope(profile)
    add_output(profile)


def _synthesize(commands: _Commands[Parser]) -> None:
    synthesize = commands.add_parser("synthesize", help="write synthetic inputs, to calibrate a quantizer and the like")
    add = synthesize.add_argument
    add("model", metavar="MODEL", type=Path)
    add("-o", "--output", metavar="OUT", type=Path, required=True, help="the .npz file to write")
    add("--samples", metavar="N", dest="n_samples", type=values.count, default=128, help="how many (default 128)")
    add_force(synthesize)
    add_inputs(synthesize)
    add_shapes(synthesize)
    add_output(synthesize)


def _evaluate(commands: _Commands[Parser]) -> None:
    evaluate = commands.add_parser("evaluate", help="measure a model on labelled samples", epilog=_EPILOG)
    add_data(evaluate)
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
    evaluate.add_argument(
        "--max-drop",
        metavar="SHARE",
        type=values.share,
        help="exit with status 6 if the main measure may, by its 95 %% interval, have dropped by more (with --against)",
    )
    add_output(evaluate)


def _attack(commands: _Commands[Parser]) -> None:
    attack = commands.add_parser("attack", help="measure how easily a classifier is fooled", epilog=_EPILOG)
    add_data(attack)
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
    add_output(attack)


def _sweep(commands: _Commands[Parser]) -> None:
    sweep = commands.add_parser("sweep", help="prune many models by many targets and methods, and compare")
    add = sweep.add_argument
    add("models", metavar="MODEL", type=Path, nargs="+")
    add("-o", "--output", metavar="DIR", type=Path, required=True, help="folder for models, results.csv and index.html")
    add("--target", metavar="SHARES", type=values.spread, default=(0.25, 0.5), help="such as 0.1:0.7:0.1 or 25%%,50%%")
    add("--by", choices=BUDGETS, default="parameters", help="what the targets count (default parameters)")
    add("--method", metavar="NAMES", type=values.words(METHOD_NAMES), default=("reconstruction",), help="with commas")
    add("--effort", metavar="NAMES", type=values.words(EFFORTS), default=(), help="with commas")
    add("--options", metavar="WORDS", type=values.command_words, default=(), help="further options of `prune`, quoted")
    add("--eval-map", metavar="FILE", type=Path, help="JSON: labelled samples by the name of a model's file")
    add("--jobs", metavar="N", type=values.count, default=0, help="runs at a time (default: one for each processor)")
    add(
        "--scheduler", metavar="ADDRESS", help="let dask do it: tcp://HOST:PORT, or local for a cluster of this machine"
    )
    add_output(sweep)


def _operators(commands: _Commands[Parser]) -> None:
    operators = commands.add_parser("operators", help="list the operators with a rule")
    operators.add_argument("--markdown", action="store_true", help="as a Markdown table")
    add_output(operators)
