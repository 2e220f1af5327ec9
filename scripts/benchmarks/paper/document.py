"""The measured part of docs/results/paper.md, between two markers; every figure comes from the rows."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from scripts.benchmarks.paper import arithmetic, claims, statements
from scripts.benchmarks.paper.claims import HALF, QUARTER, Course, courses, is_complete
from scripts.benchmarks.paper.measure import EPSILONS, PARTS, SUBJECTS, WAYS, Row, Subject

BEGIN, END = "<!-- measured: begin -->", "<!-- measured: end -->"
NEARLY, POINT, _ROUNDING = 0.9, 0.01, 1e-9
"""Robustness is nearly kept above this share of the whole model's; accuracy is kept if it lost at most this much."""


def write(rows: Sequence[Row], page: Path) -> None:
    """Put the tables of `rows` between the markers of the page.

    Raises:
        ValueError: if it does not have both.
    """
    head, begin, rest = page.read_text().partition(BEGIN)
    _, end, tail = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"{page} has no {BEGIN} with {END} behind it")
    page.write_text(f"{head}{BEGIN}\n\n{tables(rows)}\n\n{END}{tail}")


def tables(rows: Sequence[Row]) -> str:
    """All that is generated, as Markdown."""
    parts = [
        "### The paper's figures beside ours",
        claims.table(rows),
        "### Which of the paper's statements hold here",
        statements.table(rows),
        "### How far it goes",
        _reach(rows),
        "### Convolutions and dense layers apart",
        _parts(rows),
        "### Where the paper's sizes come from",
        arithmetic.table(),
        "### Step by step",
        *(part for subject in SUBJECTS for part in _steps(rows, subject)),
    ]
    return "\n\n".join(parts)


def _reach(rows: Sequence[Row]) -> str:
    """Up to which share of the units each model keeps its accuracy and its robustness, or half of them."""
    robust = " | ".join(f"robust {word}, epsilon {epsilon:g}" for epsilon in EPSILONS for word in ("90 %", "50 %"))
    lines = [
        f"| model | method | accuracy within 1 point | accuracy 50 % | {robust} |",
        "|---|---|--:|--:|--:|--:|--:|--:|",
    ]
    for subject in SUBJECTS:
        for method in WAYS:
            course = courses(rows, method).get(subject.name)
            if course is not None and is_complete(course):
                cells = " | ".join(f"{share:.0%}" for share in reached(course))
                lines.append(f"| {subject.name} | {method} | {cells} |")
    return "\n".join(lines)


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
    robust = " | ".join(f"robust, epsilon {epsilon:g}" for epsilon in EPSILONS)
    lines = [
        f"| model | method | units of these layers | parameters gone | accuracy | {robust} |",
        "|---|---|--:|--:|--:|--:|--:|",
    ]
    for subject in SUBJECTS:
        for method in ("paoding", *PARTS) if subject.has_convolutions else ():
            course = courses(rows, method).get(subject.name, {})
            lines += [_part(course[0.0], course[share]) for share in (QUARTER, HALF) if share in course]
    return "\n".join(lines)


def _part(whole: Row, row: Row) -> str:
    """A line for a smaller model."""
    gone = 1 - row.parameters / whole.parameters
    robust = " | ".join(f"{share:.1%}" for share in row.robust)
    return f"| {row.model} | {row.method} | {row.share:.0%} | {gone:.1%} | {row.accuracy:.1%} | {robust} |"


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
    robust = " | ".join(f"robust, epsilon {epsilon:g} | of those right" for epsilon in EPSILONS)
    head = f"| units | units gone | parameters | gone | file, kB | accuracy | {'AUROC | ' * has_auroc}{robust} |"
    lines = [head, "|--:" * (head.count("|") - 1) + "|"]
    for share in sorted(course):
        row = course[share]
        auroc = f"{row.auroc:.4f} | " if row.auroc is not None else ""
        cells = " | ".join(_robust(row, count) for count in (row.robust_01, row.robust_05))
        lines.append(
            f"| {share:.0%} | {row.removed} of {row.units} | {row.parameters:,} "
            f"| {1 - row.parameters / course[0].parameters:.1%} | {row.file_bytes / 1000:,.1f} "
            f"| {row.accuracy:.1%} | {auroc}{cells} |"
        )
    return "\n".join(lines)


def _robust(row: Row, count: int) -> str:
    """Robust samples as a share of all, and of those that were right before the attack."""
    return f"{count / row.samples:.1%} | {count / max(row.correct, 1):.1%}"
