"""Arguments as the library's options."""

from __future__ import annotations

from argparse import Namespace
from dataclasses import fields, replace

from paoding_onnx.calibration.known_inputs import KnownInputs, parse_inputs
from paoding_onnx.calibration.preprocess import parse_preprocess
from paoding_onnx.errors import UsageError
from paoding_onnx.evaluation.evaluate import EvaluateOptions
from paoding_onnx.options import Options
from paoding_onnx.robustness.attacks import Attack


def options_of(arguments: Namespace) -> Options:
    """What a command that works with units, or with synthetic inputs, was asked for."""
    given = {f.name: getattr(arguments, f.name) for f in fields(Options) if hasattr(arguments, f.name)}
    lists = {name: tuple(value) for name, value in given.items() if isinstance(value, list)}
    settings = parse_preprocess(getattr(arguments, "preprocess", ()))
    known = known_inputs_of(arguments)
    inputs = {"input_shapes": known.shapes, "input_values": known.values, "preprocess": settings}
    return Options(**(given | lists | inputs))


def known_inputs_of(arguments: Namespace) -> KnownInputs:
    """What was said about single inputs."""
    known = parse_inputs(arguments.input)
    return replace(known, shapes={**dict(getattr(arguments, "input_shape", ())), **known.shapes})


def evaluate_options_of(arguments: Namespace) -> EvaluateOptions:
    """What a command that reads labelled samples was asked for."""
    given = {f.name: getattr(arguments, f.name) for f in fields(EvaluateOptions) if hasattr(arguments, f.name)}
    known = known_inputs_of(arguments)
    if known.shapes:
        raise UsageError(f"--input {min(known.shapes)}=..x..: samples have shapes of their own; give values alone")
    return EvaluateOptions(
        **(given | {"preprocess": parse_preprocess(arguments.preprocess), "input_values": known.values})
    )


def attack_of(arguments: Namespace) -> Attack:
    """The attack that was asked for."""
    given = {field.name: getattr(arguments, field.name) for field in fields(Attack)}
    if arguments.steps is not None and arguments.method != "pgd":
        raise UsageError(f"--steps has no effect on --method {arguments.method}, which takes one; give --method pgd")
    if arguments.queries is not None and not arguments.black_box:
        raise UsageError("--queries has no effect without --black-box")
    epsilons = {} if arguments.epsilons is None else {"epsilons": tuple(arguments.epsilons)}
    return Attack(**({name: value for name, value in given.items() if value is not None} | epsilons))
