"""Every figure that the paper states about size, accuracy and robustness, and what it is here."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from scripts.benchmarks.page import table
from scripts.benchmarks.paper.measure import EPSILONS, STEP, SUBJECTS, WAYS, WHOLE, Row

Course = Mapping[float, Row]
"""The rows of one model and method by share of the units removed, the whole model at 0."""
EARLY, QUARTER, HALF = 0.2, 0.25, 0.5


@dataclass(frozen=True, slots=True)
class Claim:
    """What is measured, what the paper states about it, and how it is found for one model; `None` where it is not."""

    what: str
    paper: str
    value: Callable[[Course], float | None]
    is_share: bool = True


def courses(rows: Sequence[Row], method: str) -> dict[str, Course]:
    """The course of each model that was measured with a method."""
    found: dict[str, Course] = {}
    for subject in SUBJECTS:
        own = {row.share: row for row in rows if row.model == subject.name and row.method in (WHOLE, method)}
        if 0.0 in own and len(own) > 1:
            found[subject.name] = own
    return found


def is_complete(course: Course) -> bool:
    """Whether every step was measured, up to the last one."""
    return len(course) == 1 + round(max(course) / float(STEP))


def gone(share: float) -> Callable[[Course], float | None]:
    """Share of the parameters that is gone at a share of the units."""
    return lambda course: 1 - course[share].parameters / course[0].parameters if share in course else None


def _times(field: str) -> Callable[[Course], float | None]:
    """How many times smaller a model is without half of its units."""
    return lambda course: getattr(course[0], field) / getattr(course[HALF], field) if HALF in course else None


def kept(field: str, share: float) -> Callable[[Course], float | None]:
    """Share of the whole model's accuracy, or another measure, that is left."""

    def value(course: Course) -> float | None:
        """The share; `None` if it was not measured."""
        before = getattr(course[0], field)
        return getattr(course[share], field) / before if share in course and before is not None else None

    return value


def _lost(field: str, share: float) -> Callable[[Course], float | None]:
    """Share of the whole model's accuracy, or another measure, that is lost."""
    left = kept(field, share)
    return lambda course: None if (found := left(course)) is None else 1 - found


def robust_left(share: float, epsilon: int) -> Callable[[Course], float | None]:
    """Robust samples, as a share of the whole model's."""
    return lambda course: _robust_ratio(course, share, epsilon) if share in course else None


def _robust_at_half_size(epsilon: int) -> Callable[[Course], float | None]:
    """The same at the first step that leaves at most half of the parameters."""

    def value(course: Course) -> float | None:
        """The share; `None` if no step gets there, or steps before were left out."""
        smaller = [share for share in sorted(course) if 2 * course[share].parameters <= course[0].parameters]
        return _robust_ratio(course, smaller[0], epsilon) if smaller and is_complete(course) else None

    return value


def _robust_ratio(course: Course, share: float, epsilon: int) -> float | None:
    """Robust samples left; `None` where there were none."""
    before = course[0].robust[epsilon]
    return course[share].robust[epsilon] / before if before else None


def _robustness() -> Iterator[Claim]:
    """The paper's figures about robustness, at each epsilon."""
    for number, epsilon in enumerate(EPSILONS):
        at = f"robust samples left, epsilon {epsilon:g}"
        yield Claim(f"{at}, at 20 %", '#3, #4: "almost the same"', robust_left(EARLY, number))
        yield Claim(f"{at}, at 50 %", "#3, #4: 50 %; all four: over 50 %", robust_left(HALF, number))
        yield Claim(f"{at}, half of the parameters gone", "#3, #4: 50 %", _robust_at_half_size(number))


CLAIMS = (
    Claim("parameters gone at 25 %", '36.5-49.4 %, "around 40 %"; #1: 49.4 %', gone(QUARTER)),
    Claim("parameters gone at 50 %", "63.9-78.1 %, mean 66.7 %", gone(HALF)),
    Claim("times fewer parameters at 50 %", "2.5-4.5", _times("parameters"), is_share=False),
    Claim("times smaller file at 50 %", "up to 4.5", _times("file_bytes"), is_share=False),
    Claim("accuracy lost at 25 %, of the whole model's", '"not significant"', _lost("accuracy", QUARTER)),
    Claim("accuracy lost at 50 %, of the whole model's", "under 50 %, each model", _lost("accuracy", HALF)),
    Claim("AUROC lost at 50 %, of the whole model's", "not given", _lost("auroc", HALF)),
    *_robustness(),
)


def figures(rows: Sequence[Row]) -> str:
    """The figures of the paper, and ours by method and model; shares in per cent."""
    heads = ("measure, at a share of the units", "paper", "method here", "lowest to highest (mean)")
    found = {method: courses(rows, method) for method in WAYS}
    lines: list[list[str]] = []
    for claim in CLAIMS:
        cells = [cells for method in WAYS if (cells := _cells(claim, method, found[method]))]
        lines += [[claim.what, claim.paper, *own] if k == 0 else ["", "", *own] for k, own in enumerate(cells)]
    return table([*heads, *(f"#{subject.number} {subject.name}" for subject in SUBJECTS)], lines, align="lllr")


def _cells(claim: Claim, method: str, own: Mapping[str, Course]) -> list[str]:
    """The method's name, the summary and the value of each model; empty where nothing was measured."""
    values = [claim.value(own[subject.name]) if subject.name in own else None for subject in SUBJECTS]
    known = [value for value in values if value is not None]
    if not known:
        return []
    summary = ""
    if len(known) > 1:
        ends = f"{_shown(min(known), claim)} to {_shown(max(known), claim)}"
        summary = f"{ends} ({_shown(statistics.mean(known), claim)})"
    return [method, summary, *("" if value is None else _shown(value, claim) for value in values)]


def _shown(value: float, claim: Claim) -> str:
    """A figure with as many digits as the paper gives."""
    return f"{round(100 * value, 1) + 0.0:.1f}" if claim.is_share else f"{value:.2f}"
