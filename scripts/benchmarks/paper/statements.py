"""The statements of the paper that can be true or false of a model, and of which of the models they are true here."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from scripts.benchmarks.paper.claims import EARLY, HALF, QUARTER, Course, courses, gone, kept, robust_left
from scripts.benchmarks.paper.measure import EPSILONS, SUBJECTS, WAYS, Row
from scripts.page import table

_ALL, _ATTACKED = (1, 2, 3, 4), (3, 4)
_NEARLY, _HALVED, _ROUNDING = 0.9, 0.5, 1e-9


@dataclass(frozen=True, slots=True)
class Statement:
    """`value` of each of the models with these numbers is at least `least`."""

    words: str
    value: Callable[[Course], float | None]
    least: float
    numbers: tuple[int, ...] = _ALL


STATEMENTS = (
    Statement("at 25 % at least 36.5 % of the parameters are gone", gone(QUARTER), 0.365),
    Statement("at 50 % at least 63.9 % of the parameters are gone", gone(HALF), 0.639),
    Statement("at 50 % at least half of the accuracy is left", kept("accuracy", HALF), _HALVED),
    *(
        statement
        for number, epsilon in enumerate(EPSILONS)
        for statement in (
            Statement(
                f'at 20 % "almost the same" robustness, taken as 90 %, epsilon {epsilon:g} (#3, #4)',
                robust_left(EARLY, number),
                _NEARLY,
                _ATTACKED,
            ),
            Statement(
                f"at 50 % half of the robustness is left, epsilon {epsilon:g} (#3, #4)",
                robust_left(HALF, number),
                _HALVED,
                _ATTACKED,
            ),
            Statement(f"the same of all four models, epsilon {epsilon:g}", robust_left(HALF, number), _HALVED),
        )
    ),
)


def verdicts(rows: Sequence[Row]) -> str:
    """Statements by methods: yes, or the models of which they are not true, with what was measured in per cent."""
    found = [courses(rows, method) for method in WAYS]
    lines = [[statement.words, *(verdict(statement, own) for own in found)] for statement in STATEMENTS]
    return table(["statement of the paper", *WAYS], lines, align="l")


def verdict(statement: Statement, own: dict[str, Course]) -> str:
    """Whether it is true of the models that were measured; empty if none was."""
    measured = [subject for subject in SUBJECTS if subject.number in statement.numbers and subject.name in own]
    values = {subject.number: statement.value(own[subject.name]) for subject in measured}
    known = {number: value for number, value in values.items() if value is not None}
    short = [f"#{number} {100 * value:.1f}" for number, value in known.items() if value < statement.least - _ROUNDING]
    if not known:
        return ""
    return f"no: {', '.join(short)}" if short else "yes"
