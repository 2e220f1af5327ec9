"""Arguments become the library's options, and what is not given is the library's default."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import pytest

from paoding_onnx.calibration.preprocess import IMAGENET, Preprocess
from paoding_onnx.cli.arguments import parse_arguments
from paoding_onnx.cli.options import attack_of, evaluate_options_of, options_of
from paoding_onnx.evaluation.evaluate import EvaluateOptions
from paoding_onnx.options import Options
from paoding_onnx.robustness.attacks import Attack


def test_defaults_of_the_parser_are_the_defaults_of_options():
    assert options_of(parse_arguments(["prune", "m.onnx"])) == Options()
    assert options_of(parse_arguments(["inspect", "m.onnx"])) == Options()


@pytest.mark.parametrize(
    ("argv", "value"),
    [
        (("--target", "0.25"), {"target": 0.25}),
        (("--target", "25%"), {"target": 0.25}),
        (("--step", "0.1"), {"step": 0.1}),
        (("--by", "macs"), {"by": "macs"}),
        (("--method", "magnitude"), {"method": "magnitude"}),
        (("--round-to", "8"), {"round_to": 8}),
        (("--round-to", "auto"), {"round_to": 0}),
        (("--for", "ethos-u"), {"device": "ethos-u"}),
        (("--by", "latency", "--latency-table", "t.json"), {"by": "latency", "latency_table": Path("t.json")}),
        (("--seed", "3"), {"seed": 3}),
        (("--depth", "2"), {"depth": 2}),
        (("--provider", "openvino"), {"provider": "openvino"}),
        (("--vocabulary", "keep.txt", "--target", "0"), {"vocabulary": Path("keep.txt"), "target": 0.0}),
        (("--allocation", "uniform"), {"allocation": "uniform"}),
        (("--memory", "512M"), {"memory": 512 << 20}),
        (("--memory", "2g"), {"memory": 2 << 30}),
        (("--memory", "20000000"), {"memory": 20_000_000}),
        (("--calibration", "mine.npz"), {"calibration": Path("mine.npz")}),
        (("--input-kind", "noise"), {"input_kind": "noise"}),
        (("--preprocess", "imagenet"), {"preprocess": IMAGENET}),
        (
            ("--preprocess", "mean=0.5,0.4,0.3", "--preprocess", "std=0.2"),
            {"preprocess": Preprocess(mean=(0.5, 0.4, 0.3), std=(0.2,))},
        ),
        (("--preprocess", "range=-1,1"), {"preprocess": Preprocess(range=(-1.0, 1.0))}),
        (("--exclude", "a*", "--exclude", "b"), {"exclude": ("a*", "b")}),
        (("--only", "conv*"), {"only": ("conv*",)}),
        (("--input-shape", "x:1,3,8,8", "--input-shape", "a:b:2"), {"input_shapes": {"x": (1, 3, 8, 8), "a:b": (2,)}}),
        (
            ("--input", "x=1x3x8x8", "--input", "sr=16000"),
            {"input_shapes": {"x": (1, 3, 8, 8)}, "input_values": {"sr": 16000}},
        ),
        (("--input", "h=-1,1"), {"input_values": {"h": (-1.0, 1.0)}}),
        (("--verbose",), {"verbose": True}),
    ],
)
def test_arguments_become_options(argv, value):
    assert options_of(parse_arguments(["prune", "m.onnx", *argv])) == Options(**value)


def test_arguments_are_the_fields_of_the_options():
    parsed = parse_arguments(["evaluate", "m.onnx", "--data", "d.npz"])
    assert evaluate_options_of(parsed) == EvaluateOptions()
    assert {field.name for field in fields(EvaluateOptions)} <= {*vars(parsed), "input_values"}  # spelled --input


def test_arguments_are_the_fields_of_the_attack():
    parsed = parse_arguments(["attack", "m.onnx", "--data", "d.npz"])
    assert attack_of(parsed) == Attack()
    assert {field.name for field in fields(Attack)} <= set(vars(parsed))


def test_epsilons_of_an_attack_are_shares():
    parsed = parse_arguments(["attack", "m.onnx", "--data", "d.npz", "--epsilon", "0.1,60%"])
    assert attack_of(parsed).epsilons == (0.1, 0.6)
