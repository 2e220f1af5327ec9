"""Many networks, one after the other: what became of them, and which operators they held."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import onnx

from paoding_onnx.rules.rule import operators
from scripts.fuzz.generator import generate
from scripts.fuzz.net import Unfit
from scripts.fuzz.oracle import CHANCE, INVALID, Outcome, judge
from scripts.fuzz.shrink import shrink

UNKNOWN = ("SimplifiedLayerNormalization",)
"""Operators with a rule that onnx's checker does not know, so that no graph may hold them."""


@dataclass
class Report:
    """Counts so far; failures, and differences that chance explains, by seed."""

    outcomes: Counter[str] = field(default_factory=Counter)
    held: Counter[str] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)
    failures: dict[int, Outcome] = field(default_factory=dict)
    chances: dict[int, Outcome] = field(default_factory=dict)
    n_nodes: int = 0
    n_removed: int = 0
    seconds: float = 0.0

    @property
    def n_valid(self) -> int:
        """Graphs that counted."""
        return sum(self.outcomes.values()) - self.outcomes[INVALID]

    @property
    def missing(self) -> list[str]:
        """Operators with a rule that no graph held."""
        names = (f"{entry.domain}.{entry.operator}".lstrip(".") for entry in operators())
        return [name for name in names if not self.held[name] and name not in UNKNOWN]

    def add(self, seed: int, text: str, outcome: Outcome) -> None:
        """Count one graph."""
        self.outcomes[outcome.kind] += 1
        if outcome.kind == INVALID:
            self.reasons[outcome.detail[:40] + outcome.detail[40:][-110:]] += 1
            return
        held = _operators(text)
        self.held.update(set(held))
        self.n_nodes += len(held)
        self.n_removed += outcome.n_removed
        if outcome.is_failure:
            self.failures[seed] = outcome
        if outcome.kind == CHANCE:
            self.chances[seed] = outcome

    @property
    def text(self) -> str:
        """The report."""
        counted = ", ".join(f"{count} {kind}" for kind, count in self.outcomes.most_common())
        pace = 60 * self.n_valid / max(self.seconds, 1e-9)
        lines = [
            f"{self.n_valid} graphs of {self.n_nodes / max(self.n_valid, 1):.1f} nodes in {self.seconds:.0f} s "
            f"({pace:.0f} a minute); {self.n_removed} units removed",
            f"outcomes: {counted}",
            "discarded: " + "; ".join(f"{count} x {reason}" for reason, count in self.reasons.most_common(12)),
            "operators, by graphs: " + " ".join(f"{name} {count}" for name, count in self.held.most_common()),
            f"operators with a rule in no graph: {' '.join(self.missing) or 'none'}",
            *(f"chance at seed {seed}: {o.detail}" for seed, o in self.chances.items()),
            *(f"FAILURE at seed {seed}: {o.kind}: {o.detail}" for seed, o in self.failures.items()),
        ]
        return "\n".join(lines)


def run(
    graphs: int,
    seed: int,
    *,
    seconds: float | None = None,
    folder: Path | None = None,
    say: Callable[[str], None] = lambda _: None,
) -> Report:
    """`graphs` networks made, pruned and judged."""
    report = Report()
    start = time.monotonic()
    for number in range(seed, seed + graphs):
        if seconds is not None and time.monotonic() - start > seconds:
            break
        try:
            text = generate(number)
        except Unfit as error:
            report.add(number, "", Outcome(INVALID, f"generator: {error}"))
            continue
        outcome = judge(text, number)
        report.add(number, text, outcome)
        if outcome.is_failure:
            say(f"seed {number}: {outcome.kind}: {outcome.detail}")
            if folder is not None:
                _save(folder, number, text, outcome)
        report.seconds = time.monotonic() - start
        if report.n_valid % 500 == 0:
            say(f"{report.n_valid} graphs, {len(report.failures)} failures, {report.seconds:.0f} s")
    return report


def _save(folder: Path, seed: int, text: str, outcome: Outcome) -> None:
    """Write a failure as it was found, and shrunk."""
    folder.mkdir(parents=True, exist_ok=True)
    small, other = shrink(text, seed, outcome)
    for name, content, used in ((f"{seed}.txt", text, seed), (f"{seed}_small.txt", small, other)):
        (folder / name).write_text(f"// seed {used}: {outcome.kind}: {outcome.detail}\n{content}\n")


def _operators(text: str) -> list[str]:
    """Operators of all nodes, those of subgraphs too."""

    def of(graph: onnx.GraphProto) -> list[str]:
        """Operators of one graph."""
        inner = [name for node in graph.node for a in node.attribute if a.HasField("g") for name in of(a.g)]
        return [*(f"{node.domain}.{node.op_type}".lstrip(".") for node in graph.node), *inner]

    return of(onnx.parser.parse_model(text).graph)
