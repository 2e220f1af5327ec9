"""The command `evaluate`: arguments become library calls."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Iterator
from dataclasses import dataclass, fields

from rich.console import RenderableType

from paoding_onnx.calibration.preprocess import parse_preprocess
from paoding_onnx.context import Progress
from paoding_onnx.evaluation.evaluate import EvaluateOptions, Evaluation
from paoding_onnx.evaluation.evaluate import evaluate as evaluate_model
from paoding_onnx.report.evaluation import evaluate_document, evaluate_lines
from paoding_onnx.report.robustness import robustness_document, robustness_lines
from paoding_onnx.robustness.attacks import Attack
from paoding_onnx.robustness.evaluate import Robustness, robustness


@dataclass(frozen=True, slots=True)
class EvaluationRun:
    """What was found: the measures, and if it was asked for the robustness of the model and of the original."""

    measured: Evaluation
    attacked: Robustness | None
    original: Robustness | None


def evaluate_options_of(arguments: Namespace) -> EvaluateOptions:
    """The library's options that the arguments spell."""
    given = {field.name: getattr(arguments, field.name) for field in fields(EvaluateOptions)}
    return EvaluateOptions(**(given | {"preprocess": parse_preprocess(arguments.preprocess)}))


def attack_of(arguments: Namespace) -> Attack | None:
    """The attack that the arguments spell; `None` if none was asked for."""
    if arguments.kind is None and arguments.epsilons is None:
        return None
    given = {field.name: getattr(arguments, field.name) for field in fields(Attack)}
    asked = {name: value for name, value in given.items() if value is not None}
    return Attack(**(asked | ({} if arguments.epsilons is None else {"epsilons": tuple(arguments.epsilons)})))


def evaluate(arguments: Namespace, progress: Progress) -> EvaluationRun:
    """The model judged, and attacked if that was asked for, as the arguments say."""
    options, attack = evaluate_options_of(arguments), attack_of(arguments)
    model, data, against = arguments.model, arguments.data, arguments.against
    measured = evaluate_model(model, data, against=against, options=options, progress=progress)
    if attack is None:
        return EvaluationRun(measured, None, None)
    original = None if against is None else robustness(against, data, attack, options=options, progress=progress)
    return EvaluationRun(measured, robustness(model, data, attack, options=options, progress=progress), original)


def evaluation_document(found: EvaluationRun, arguments: Namespace) -> dict[str, object]:
    """What `evaluate --json` prints."""
    document = evaluate_document(found.measured, source=arguments.model, against=arguments.against)
    document["robustness"] = None if found.attacked is None else robustness_document(found.attacked)
    document["robustness_of_original"] = None if found.original is None else robustness_document(found.original)
    return document


def evaluation_lines(found: EvaluationRun, arguments: Namespace) -> Iterator[RenderableType]:
    """What `evaluate` prints."""
    yield from evaluate_lines(arguments.model.name, found.measured, verbose=arguments.verbose)
    if found.attacked is not None:
        yield from robustness_lines(found.attacked, found.original)
