"""What `evaluate` takes. Imports nothing heavy, so that --help answers at once."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

from paoding_onnx.names import ATTACKS, TASKS


def add_evaluate(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `evaluate` to its parser."""
    add = parser.add_argument
    add("model", metavar="MODEL", type=Path)
    add("--data", metavar="PATH", type=Path, required=True, help="npz file with x and y, or a folder for each class")
    add("--against", metavar="ORIGINAL", type=Path, help="the model it was made from: agreement and differences")
    add("--task", choices=TASKS, help="what is measured (default: found from the output and the labels)")
    add("--output", metavar="NAME", help="the output to judge (default: the first of floating-point numbers)")
    add("--top", metavar="K", type=int, default=5, help="also count labels among the K highest scores (default 5)")
    add("--samples", metavar="N", dest="n_samples", type=int, default=0, help="judge on N samples, evenly spaced")
    add_preprocess(add)
    add(
        "--processors",
        metavar="N",
        type=int,
        default=1,
        help="processors to which the measurement of latency is bound (default 1); 0 leaves it out",
    )
    add("--seed", metavar="N", type=int, default=0, help="for what is drawn at random (default 0)")
    _add_attack(parser)


def add_preprocess(add: Callable[..., object]) -> None:
    """Add the option that says how raw values become what the model reads, the same for every command."""
    add(
        "--preprocess",
        metavar="KEY=VALUE",
        action="append",
        default=[],
        help="how raw values become inputs; may be repeated: scale=255, mean=A,B,C and std=A,B,C, or range=LOW,HIGH; "
        "for images also size=H,W, fit=stretch|crop, layout=nchw|nhwc, order=rgb|bgr; or imagenet",
    )


def _add_attack(parser: argparse.ArgumentParser) -> None:
    attack = parser.add_argument_group("robustness of classifiers, measured if --attack or --epsilon is given")
    add = attack.add_argument
    add("--attack", dest="kind", choices=ATTACKS, help="one step along the gradient's sign, or several (default fgsm)")
    add(
        "--epsilon",
        metavar="E,E,..",
        dest="epsilons",
        type=_shares,
        action="extend",
        help="how far inputs may move, as shares of their range (default 0.01,0.05)",
    )
    add("--steps", metavar="N", type=int, default=10, help="steps of pgd (default 10)")
    add(
        "--range",
        metavar="LOW,HIGH",
        dest="value_range",
        type=_ends,
        help="the input's range (default: found from the data); --range=-1,1 where it starts below zero",
    )
    add("--black-box", action="store_true", help="estimate gradients from outputs, for models without exact ones")
    add("--queries", metavar="N", type=int, default=64, help="pairs of runs for an estimate (default 64)")


def _shares(text: str) -> list[float]:
    try:
        return [float(part.removesuffix("%")) / (100 if part.endswith("%") else 1) for part in text.split(",")]
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} are no numbers; give shares such as 0.01,0.05") from error


def _ends(text: str) -> tuple[float, float]:
    try:
        low, high = (float(part) for part in text.split(","))
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is not of the form LOW,HIGH, such as 0,1") from error
    return low, high
