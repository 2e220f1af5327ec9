"""What `evaluate` takes. Imports nothing heavy, so that --help answers at once."""

from __future__ import annotations

import argparse
from pathlib import Path

TASKS = ("classes", "binary", "values")


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
    add(
        "--preprocess",
        metavar="KEY=VALUE",
        action="append",
        default=[],
        help="may be repeated: scale=255, mean=.. and std=.. (one for each channel); for pictures also "
        "size=H,W, fit=stretch|crop, layout=nchw|nhwc, order=rgb|bgr; or imagenet",
    )
    add(
        "--processors",
        metavar="N",
        type=int,
        default=1,
        help="processors to which the measurement of latency is bound (default 1); 0 leaves it out",
    )
    add("--seed", metavar="N", type=int, default=0, help="for what is drawn at random (default 0)")
