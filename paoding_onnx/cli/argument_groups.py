"""Arguments that several commands share. Imports nothing heavy."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

from paoding_onnx.cli import values
from paoding_onnx.cli.config import add_config
from paoding_onnx.cli.limits import add_limits
from paoding_onnx.names import EFFORTS, KINDS, ON_INTERRUPT, PROVIDERS, TASKS


def add_data(parser: argparse.ArgumentParser) -> None:
    """Labelled samples, and what is measured on them."""
    add = parser.add_argument
    add("model", metavar="MODEL", type=Path)
    add("--data", metavar="PATH", type=Path, required=True, help=".npz file with x and y, or a folder for each class")
    add("--against", metavar="ORIGINAL", type=Path, help="the model it was made from, on the same samples")
    add("--task", choices=TASKS, help="what is measured (default: found from the output and the labels)")
    add("--output", metavar="NAME", help="the output to evaluate (default: the first of floating-point numbers)")
    add("--samples", metavar="N", dest="n_samples", type=values.count, default=0, help="take N samples, evenly spaced")
    add("--seed", metavar="N", type=values.count, default=0, help="for what is drawn at random (default 0)")
    add_preprocess(add)
    add_values(parser)


def add_inputs(parser: argparse.ArgumentParser) -> None:
    """What is known about a model's inputs, and what a run with synthetic ones may use."""
    add = parser.add_argument_group("inputs").add_argument
    add("--input-kind", choices=KINDS, default="auto", help="what synthetic inputs are like (default: found out)")
    add_preprocess(add)
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
    add("--provider", choices=PROVIDERS, default="cpu", help="on what models run for long and are timed (default cpu)")


def add_calibration(parser: argparse.ArgumentParser) -> None:
    """Real inputs in place of synthetic ones, and a place for what was measured on either."""
    parser.add_argument(
        "--calibration",
        metavar="PATH",
        type=Path,
        help="your own unlabelled samples in place of synthetic ones: .npz, .npy or a folder of images",
    )
    parser.add_argument(
        "--cache",
        metavar="DIR",
        type=Path,
        help="keep what is measured of a model in this folder, so that another target takes a fraction of the time",
    )


def add_recovery(parser: argparse.ArgumentParser) -> None:
    """How long the original teaches the smaller model."""
    add = parser.add_argument_group("recovery").add_argument
    effort = "how long the original teaches the smaller model (default normal; fast: not at all)"
    add("--effort", choices=EFFORTS, default="normal", help=effort)
    add(
        "--recover",
        metavar="STEPS",
        type=values.count,
        default=0,
        help="exactly so many steps (default: what the effort says)",
    )
    stop = "what Ctrl-C does meanwhile: drop everything (default), or keep what was learned by then and go on"
    add("--on-interrupt", choices=ON_INTERRUPT, default="drop", help=stop)


def add_preprocess(add: Callable[..., object]) -> None:
    """How raw values become inputs."""
    add(
        "--preprocess",
        metavar="KEY=VALUE",
        action="append",
        default=[],
        help="how raw values become inputs; may be repeated: scale=255, mean=A,B,C and std=A,B,C, or range=LOW,HIGH; "
        "for images also size=H,W, fit=stretch|crop, layout=nchw|nhwc, order=rgb|bgr; or imagenet, caffe",
    )


def add_scope(parser: argparse.ArgumentParser) -> None:
    """What may be pruned, and how shapes are found."""
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
    add_shapes(parser)


def add_shapes(parser: argparse.ArgumentParser) -> None:
    """What single inputs hold, and how large they are."""
    add_values(parser)
    parser.add_argument(
        "--input-shape",
        metavar="NAME:D,D,..",
        action="append",
        type=values.shape,
        default=[],
        help="the same as --input NAME=DxD; for shapes of one axis too",
    )


def add_values(parser: argparse.ArgumentParser) -> None:
    """What single inputs hold."""
    parser.add_argument(
        "--input",
        metavar="NAME=WHAT",
        action="append",
        default=[],
        help="what an input holds or how large it is, may be repeated: sr=16000 (a number, or numbers along its last "
        "axis), h=rows.npy (or .npz), image=1x3x320x320 (a shape; default: found by trying)",
    )


def add_result(parser: argparse.ArgumentParser) -> None:
    """What is to become of a smaller model."""
    add = parser.add_argument_group("result").add_argument
    add(
        "--fail-if",
        metavar="CONDITION",
        action="append",
        default=[],
        help="write nothing if this holds of what was measured, such as 'agreement<0.95' or 'outlook<good'",
    )
    add("--no-latency", dest="latency", action="store_false", help="do not time the models")
    add(
        "--no-provenance",
        dest="provenance",
        action="store_false",
        help="do not tell in the file's metadata what it was made from and how",
    )
    add("--dry-run", action="store_true", help="do everything but keep the files")
    add_force(parser)


def add_force(parser: argparse.ArgumentParser) -> None:
    """Leave to replace files."""
    parser.add_argument("--force", action="store_true", help="overwrite files that exist")


def add_output(parser: argparse.ArgumentParser) -> None:
    """What is printed, and the limits that every command has."""
    add_limits(parser)
    add_config(parser)
    parser.add_argument("--json", action="store_true", help="print JSON on stdout")
    volume = parser.add_mutually_exclusive_group()
    volume.add_argument("-q", "--quiet", action="store_true", help="print errors only")
    volume.add_argument("-v", "--verbose", action="store_true", help="print everything, onnxruntime's warnings too")
