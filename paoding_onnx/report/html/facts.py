"""What the page of a report shows, computed from a result. Knows numbers and words, no markup."""

from __future__ import annotations

import platform
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from paoding_onnx.dependency.trace import Refusal, Trace
from paoding_onnx.evaluation.measured import Measured
from paoding_onnx.model.provenance import version_of
from paoding_onnx.model.save import sha256
from paoding_onnx.model.targets import data_path
from paoding_onnx.names import Budget
from paoding_onnx.report.charts import Line
from paoding_onnx.report.inspection import refusal_text
from paoding_onnx.report.words import milliseconds, share
from paoding_onnx.result import Pruned
from paoding_onnx.selection.meter import Meter

PACKAGES = ("paoding_onnx", "onnx", "onnxruntime", "onnx-graphsurgeon", "numpy")
"""Whose versions have a say in the result."""
MEASURED = (("Accuracy", "accuracy", True),)
"""What may have been measured after each step: title, field of the step, whether it is a share of 1."""


@dataclass(frozen=True, slots=True)
class Change:
    """An amount before and after."""

    before: int
    after: int

    @property
    def gone(self) -> float:
        """The share that is gone."""
        return share(self.before, self.after)


@dataclass(frozen=True, slots=True)
class Row:
    """One group: its place in the model, its name, and what its units carry, before and after."""

    number: int
    name: str
    is_exact: bool
    units: Change
    parameters: Change
    macs: Change

    @property
    def is_whole(self) -> bool:
        """Whether the group lost nothing itself, and carries less all the same, as its neighbours shrank."""
        return self.units.before == self.units.after and self.parameters.before != self.parameters.after


@dataclass(frozen=True, slots=True)
class Card:
    """A figure to be seen first: what it is, its value, what it was, and the share that is left, if that says much."""

    name: str
    value: str
    note: str
    left: float | None = None


@dataclass(frozen=True, slots=True)
class Reason:
    """Why something was left alone, and everything to which that applies."""

    description: str
    nodes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Panel:
    """A chart to be: its title and its lines."""

    title: str
    lines: tuple[Line, ...]
    is_share: bool = True

    def at(self, share: float) -> str:
        """The value of the only line after a step, in words; empty where it was not measured."""
        return next((_worded(value, self.is_share) for x, value in self.lines[0].points if x == share), "")


@dataclass(frozen=True, slots=True)
class Named:
    """A file as it can be recognised: name, bytes, hash (`None` where there is no file)."""

    role: str
    name: str
    n_bytes: int
    digest: str | None


def compact(value: float, unit: str = "") -> str:
    """A number with three digits and a prefix.

    >>> [compact(v) for v in (0, 7, 512, 753866, 1e6, 58671104)], compact(3032076, "B")
    (['0', '7', '512', '754 k', '1.00 M', '58.7 M'], '3.03 MB')
    """
    for power, prefix in ((1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k")):
        if value >= power * 0.9995:
            return f"{_three_digits(value / power)} {prefix}{unit}"
    return f"{value:.0f} {unit}".rstrip()


def _three_digits(value: float) -> str:
    return f"{value:.2f}" if value < 9.995 else f"{value:.1f}" if value < 99.95 else f"{value:.0f}"


def rows_of(result: Pruned, most: int) -> list[Row]:
    """The groups in the order of the model; if there are more than `most`, those that carry most parameters."""
    groups = result.trace.groups
    units = [Change(group.n_units, result.plan.kept_units(group)) for group in groups]
    parameters, macs = _carried(result.trace, units, "parameters"), _carried(result.trace, units, "macs")
    rows = [
        Row(number, group.name, group.is_exact, *changes)
        for number, (group, *changes) in enumerate(zip(groups, units, parameters, macs, strict=True), start=1)
    ]
    largest = sorted(rows, key=lambda row: (-row.parameters.before, row.number))[:most]
    return sorted(largest, key=lambda row: row.number)


def _carried(trace: Trace, units: Sequence[Change], by: Budget) -> list[Change]:
    """What goes with all units of a group, for each group: from the whole model, and from what is left of it."""
    meter = Meter(trace, by)
    whole, left = (np.array(sizes, np.float64) for sizes in zip(*((u.before, u.after) for u in units), strict=True))
    return [Change(_alone(meter, whole, k), _alone(meter, left, k)) for k in range(len(units))]


def _alone(meter: Meter, sizes: NDArray[np.float64], number: int) -> int:
    without = sizes.copy()
    without[number] = 0
    return round(meter(sizes) - meter(without))


def cards_of(result: Pruned) -> list[Card]:
    """The figures of the whole model."""
    measured, old, new = result.measured, result.sizes.before, result.sizes.after
    sizes = (
        ("Parameters", "", old.parameters, new.parameters),
        ("MACs", "", old.macs, new.macs),
        ("File", "B", old.file_bytes, new.file_bytes),
    )
    cards = [
        Card(
            name, compact(after, unit), f"{_less(before, after)} from {compact(before, unit)}", 1 - share(before, after)
        )
        for name, unit, before, after in sizes
    ]
    timed = [_latency(measured)] if result.run.options.latency else []
    if (short := result.vocabulary) is not None:
        left = len(short.ids.kept)
        cards.append(Card("Vocabulary", f"{left:,}", f"ids of {short.ids.size:,}", left / short.ids.size))
    return [*cards, *timed, *_fidelity(measured)]


def _latency(measured: Measured) -> Card:
    found = measured.latency
    if found is None:
        return Card("Latency", "?", "not measurable here")
    before, after = milliseconds(found.before), milliseconds(found.after)
    said = f"{_less(1, found.ratio)} \N{PLUS-MINUS SIGN} {found.spread:.0%}: {before} \N{RIGHTWARDS ARROW} {after} ms"
    return Card("Latency", f"{found.ratio:.2f} \N{MULTIPLICATION SIGN}", said, min(found.ratio, 1.0))


def _fidelity(measured: Measured) -> Iterator[Card]:
    """What became of the answers."""
    on = "on synthetic inputs" if measured.is_synthetic else "on samples held back"
    if measured.accuracy_before is not None and measured.accuracy_after is not None:
        yield Card(
            "Accuracy", f"{measured.accuracy_after:.1%}", f"from {measured.accuracy_before:.1%}, on your samples"
        )
    if measured.agreement is not None:
        yield Card("Same top-1", f"{measured.agreement:.0%}", on, measured.agreement)
    yield Card("Relative output error", f"{measured.output_error:.3g}", on)


def _less(before: float, after: float) -> str:
    return f"{0 - share(before, after):+.1%}".replace("-", "\N{MINUS SIGN}")


def verdict_of(result: Pruned, name: str) -> str:
    """What came out, in one sentence."""
    measured, count = result.measured, sum(proof.passed for proof in result.proofs)
    proofs = f"all {count} proofs hold" if count == len(result.proofs) else "NOT all proofs hold"
    on = "synthetic inputs" if measured.is_synthetic else "samples held back"
    same = (
        f"the relative output error on {on} is {measured.output_error:.3g}"
        if measured.agreement is None
        else f"the top-1 is the same on {measured.agreement:.0%} of {on}"
    )
    old, new = result.sizes.before, result.sizes.after
    return (
        f"{name} has {share(old.parameters, new.parameters):.1%} fewer parameters and needs "
        f"{share(old.macs, new.macs):.1%} fewer MACs; {same}, and {proofs}."
    )


def panels_of(result: Pruned) -> list[Panel]:
    """The curves over the steps: what is left, and what was measured after each; none if there was one step only."""
    steps = result.run.steps
    if len(steps) < 2:
        return []
    sizes = (
        _size_line(result, "parameters", "parameters"),
        _size_line(result, "MACs", "macs"),
    )
    panels = [Panel("Size left", sizes)]
    for title, field, is_share in MEASURED:
        points = tuple((s.share, float(value)) for s in steps if (value := getattr(s, field, None)) is not None)
        if points:
            line = Line("", points, _worded(points[-1][1], is_share))
            panels.append(Panel(title, (line,), is_share))
    return panels


def _worded(value: float, is_share: bool) -> str:
    return f"{value:.1%}" if is_share else f"{value:.3g}"


def _size_line(result: Pruned, name: str, field: str) -> Line:
    """What is left of parameters or MACs after each step."""
    whole = max(getattr(result.sizes.before, field), 1)
    points = ((0.0, 1.0), *((step.share, getattr(step.cost, field) / whole) for step in result.run.steps))
    return Line(name, points, f"{points[-1][1]:.0%}")


def lost_of(result: Pruned) -> dict[str, float]:
    """The share of its units that each group has lost."""
    return {group.name: share(group.n_units, result.plan.kept_units(group)) for group in result.trace.groups}


def reasons_of(refusals: Sequence[Refusal]) -> list[Reason]:
    """The refusals by reason, in the order in which reasons first appear."""
    first = {refusal.reason: position for position, refusal in reversed(list(enumerate(refusals)))}
    ordered = sorted(refusals, key=lambda refusal: first[refusal.reason])
    return [
        Reason(description, tuple(f"{r.operator} {r.node}: {refusal_text(r)}" for r in those))
        for description, those in groupby(ordered, key=lambda refusal: refusal.reason)
    ]


def files_of(result: Pruned, staged: Callable[[Path], Path]) -> Iterator[Named]:
    """The files that were read and those that were written, which still wait where `staged` says."""
    for path in result.original.files:
        yield _file("read", path.name, path)
    target = result.run.output
    for path in (target, data_path(target)) if target is not None else ():
        if staged(path).is_file():
            yield _file("written", path.name, staged(path))


def _file(role: str, name: str, path: Path) -> Named:
    is_there = path.is_file()
    return Named(role, name, path.stat().st_size if is_there else 0, sha256(path) if is_there else None)


def versions() -> dict[str, str]:
    """The kind of machine, and the version of Python and of every package that has a say in the result."""
    return {
        "machine": f"{platform.system()} {platform.machine()}",
        "Python": platform.python_version(),
        **{name: version_of(name) for name in PACKAGES},
    }
