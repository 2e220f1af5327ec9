"""The measured part of docs/results/paper.md; every figure comes from the rows."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from scripts.benchmarks.page import table
from scripts.benchmarks.paper import arithmetic, claims, statements
from scripts.benchmarks.paper.claims import HALF, QUARTER, Course, courses, is_complete
from scripts.benchmarks.paper.measure import EPSILONS, PARTS, SUBJECTS, WAYS, Row, Subject

NEARLY, POINT, _ROUNDING = 0.9, 0.01, 1e-9
"""Robustness is nearly kept above this share of the whole model's; accuracy is kept if it lost at most this much."""


def tables(rows: Sequence[Row]) -> str:
    """All that is generated, as Markdown."""
    parts = [
        "### The paper's figures beside ours",
        claims.figures(rows),
        "### Which of the paper's statements hold here",
        statements.verdicts(rows),
        "### How far it goes",
        _reach(rows),
        "### Convolutions and dense layers apart",
        _parts(rows),
        "### Where the paper's sizes come from",
        arithmetic.sizes(),
        "### Step by step",
        *(part for subject in SUBJECTS for part in _steps(rows, subject)),
    ]
    return "\n\n".join(parts)


def _reach(rows: Sequence[Row]) -> str:
    """Up to which share of the units each model keeps its accuracy and its robustness, or half of them."""
    robust = (f"robust {word}, epsilon {epsilon:g}" for epsilon in EPSILONS for word in ("90 %", "50 %"))
    found = {method: courses(rows, method) for method in WAYS}
    lines = [
        [subject.name, method, *(f"{share:.0%}" for share in reached(own[subject.name]))]
        for subject in SUBJECTS
        for method, own in found.items()
        if subject.name in own and is_complete(own[subject.name])
    ]
    return table(["model", "method", "accuracy within 1 point", "accuracy 50 %", *robust], lines, align="llr")


def reached(course: Course) -> tuple[float, ...]:
    """The last share up to which every step meets each condition, in the order of the columns."""
    return tuple(_last(course, holds) for holds in _conditions(course[0]))


def _conditions(whole: Row) -> Iterator[Callable[[Row], bool]]:
    """What a smaller model has to meet, in the order of the columns."""
    yield lambda row: row.accuracy >= whole.accuracy - POINT - _ROUNDING
    yield lambda row: row.accuracy >= whole.accuracy / 2
    for k in range(len(EPSILONS)):
        yield lambda row, k=k: row.robust[k] >= NEARLY * whole.robust[k] - _ROUNDING
        yield lambda row, k=k: row.robust[k] >= whole.robust[k] / 2


def _last(course: Course, holds: Callable[[Row], bool]) -> float:
    """The last share up to which every step meets the condition."""
    reached = 0.0
    for share in sorted(course):
        if not holds(course[share]):
            break
        reached = share
    return reached


def _parts(rows: Sequence[Row]) -> str:
    """What is left where only some of the layers lose units."""
    robust = (f"robust, epsilon {epsilon:g}" for epsilon in EPSILONS)
    lines = [
        _part(course[0.0], course[share])
        for subject in SUBJECTS
        for method in (("paoding", *PARTS) if subject.has_convolutions else ())
        for course in [courses(rows, method).get(subject.name, {})]
        for share in (QUARTER, HALF)
        if share in course
    ]
    heads = ["model", "method", "units of these layers", "parameters gone", "accuracy", *robust]
    return table(heads, lines, align="llr")


def _part(whole: Row, row: Row) -> list[str]:
    """A line for a smaller model."""
    shares = (row.share, 1 - row.parameters / whole.parameters, row.accuracy, *row.robust)
    return [row.model, row.method, *(f"{share:.{0 if k == 0 else 1}%}" for k, share in enumerate(shares))]


def _steps(rows: Sequence[Row], subject: Subject) -> Iterator[str]:
    """A heading and a table for each method of one model."""
    own = [row for row in rows if row.model == subject.name]
    for method in WAYS:
        course = courses(own, method).get(subject.name)
        if course is not None:
            yield f"**#{subject.number} {subject.name}, {method}** ({course[0].samples} test samples)"
            yield _course(course)


def _course(course: Course) -> str:
    """A line for each step."""
    has_auroc = course[0].auroc is not None
    robust = (head for epsilon in EPSILONS for head in (f"robust, epsilon {epsilon:g}", "of those right"))
    heads = ["units", "units gone", "parameters", "gone", "file, kB", "accuracy", *["AUROC"] * has_auroc, *robust]
    return table(heads, [_step(course[share], course[0]) for share in sorted(course)], align="r")


def _step(row: Row, whole: Row) -> list[str]:
    """A line for a step; robust samples as a share of all, and of those that were right before the attack."""
    counts = (row.robust_01, row.robust_05)
    return [
        f"{row.share:.0%}",
        f"{row.removed} of {row.units}",
        f"{row.parameters:,}",
        f"{1 - row.parameters / whole.parameters:.1%}",
        f"{row.file_bytes / 1000:,.1f}",
        f"{row.accuracy:.1%}",
        *([] if row.auroc is None else [f"{row.auroc:.4f}"]),
        *(f"{count / base:.1%}" for count in counts for base in (row.samples, max(row.correct, 1))),
    ]
