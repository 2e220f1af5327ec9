"""How far pruning went and what that cost, for the page: the chain of groups, what was tried, where the time goes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from paoding_onnx.evaluation.measured import OperatorTime
from paoding_onnx.report.chain import Link
from paoding_onnx.report.trade import Tried
from paoding_onnx.result import Pruned

MOST_OPERATORS = 8
"""Operators that take less than these are added up."""
OTHERS = "all others"
_ACCURACY, _ANSWERS = "drop of accuracy", "same answers"


@dataclass(frozen=True, slots=True)
class Trade:
    """What was tried: what the candidates keep, in words, what the original has of it, and each candidate."""

    title: str
    whole: float
    tried: tuple[Tried, ...]


def links_of(result: Pruned) -> list[Link]:
    """The groups in the order of the model."""
    return [Link(group.name, group.n_units, result.plan.kept_units(group)) for group in result.trace.groups]


def trade_of(result: Pruned) -> Trade | None:
    """What is kept against how much is left; `None` where nothing of it was measured."""
    accuracy = tuple(_accuracies(result))
    if accuracy and result.measured.accuracy_before is not None:
        return Trade("Accuracy on your samples against size", result.measured.accuracy_before, accuracy)
    answers = tuple(_answers(result))
    return Trade("Share of the same answers against size", 1.0, answers) if answers else None


def _accuracies(result: Pruned) -> Iterator[Tried]:
    """The accuracy of trials and steps, that of the result last."""
    before = result.measured.accuracy_before
    if before is None:
        return
    for trial in result.run.trials:
        if trial.kept.measure == _ACCURACY:
            yield Tried(_left(result, trial.cost.parameters), before - trial.kept.value)
    for step in result.run.steps[:-1]:
        if step.accuracy is not None:
            yield Tried(_left(result, step.cost.parameters), step.accuracy)
    if result.measured.accuracy_after is not None:
        yield Tried(_left(result, result.sizes.after.parameters), result.measured.accuracy_after, is_chosen=True)


def _answers(result: Pruned) -> Iterator[Tried]:
    """The share of the same answers of every trial."""
    for trial in result.run.trials:
        if trial.kept.measure == _ANSWERS:
            is_chosen = trial.share == result.run.options.target
            yield Tried(_left(result, trial.cost.parameters), trial.kept.value, is_chosen=is_chosen)


def _left(result: Pruned, parameters: int) -> float:
    return min(parameters / max(result.sizes.before.parameters, 1), 1.0)


def operators_of(result: Pruned) -> list[OperatorTime]:
    """What operators take, those that take most first, the others added up."""
    found = () if result.measured.latency is None else result.measured.latency.operators
    rest = found[MOST_OPERATORS:]
    if not rest:
        return list(found)
    others = OperatorTime(OTHERS, sum(one.before for one in rest), sum(one.after for one in rest))
    return [*found[:MOST_OPERATORS], others]
