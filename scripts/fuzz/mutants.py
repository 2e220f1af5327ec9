"""Faults planted one by one in rules, surgery, writer and fitting: each must be caught, or shown to change nothing.

    python -m scripts.fuzz.mutants [--count N] [--seed S] [--json FILE]

Run from the root of the repository: the networks come from the tests. Faults of all kinds are drawn alike often.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from unittest.mock import patch

from paoding_onnx.model.nodes import Node
from paoding_onnx.rules import binding
from paoding_onnx.rules.rule import Rule, rule_for
from paoding_onnx.rules.why import Why
from paoding_onnx.surgery import cut as surgery
from paoding_onnx.surgery.edits import edits_of
from scripts.fuzz import mutants_judge
from scripts.fuzz.mutants_judge import (
    CAUGHT,
    EQUAL,
    LESS,
    MISSED,
    SAME,
    Judged,
    Plant,
    Prepared,
    half,
    judge,
    prepared,
    whole,
)
from scripts.fuzz.mutants_of_bodies import body_faults
from scripts.fuzz.mutants_of_choices import choice_faults
from scripts.fuzz.mutants_of_edits import EditFault, edit_faults
from scripts.fuzz.mutants_of_files import Change, file_faults, writing
from scripts.fuzz.mutants_of_fits import fit_faults, judge_fit
from scripts.fuzz.mutants_of_rules import faults
from scripts.fuzz.mutants_subjects import Subject, subjects

OUTCOMES = (CAUGHT, SAME, EQUAL, LESS, MISSED)


@dataclass(frozen=True, slots=True)
class Mutant:
    """One fault in one network; `judged` finds out what becomes of it."""

    kind: str
    where: str
    network: str
    judged: Callable[[], Judged]


@dataclass(frozen=True, slots=True)
class Found:
    """What became of a mutant."""

    mutant: Mutant
    judged: Judged


def of_network(subject: Subject, seed: int) -> Iterator[Mutant]:
    """All mutants that a network allows: faults in rules, in edits, in the file."""
    ready = prepared(subject.model(seed), seed)
    if ready is None:
        return
    of_choices = ((kind, "", plant) for kind, plant in choice_faults()) if subject.has_choice else ()
    of_bodies = ((kind, "", plant) for kind, plant in body_faults()) if subject.has_body else ()
    for kind, where, plant in (*_of_rules(subject, ready), *_of_surgery(ready, seed), *of_choices, *of_bodies):
        yield Mutant(kind, where, subject.name, partial(judge, ready, seed, plant))


def of_fitting(seed: int) -> Iterator[Mutant]:
    """All mutants of the fitting."""
    for fault in fit_faults():
        yield Mutant(fault.kind, "", fault.network, partial(judge_fit, fault, seed))


def _of_rules(subject: Subject, ready: Prepared) -> Iterator[tuple[str, str, Plant]]:
    seen = set()
    for bound in ready.trace.bound_nodes:
        rule, key = rule_for(bound.node), (bound.node.domain, bound.node.operator)
        if isinstance(rule, Why) or subject.operator not in (None, key):
            continue
        for kind, where, _ in faults(rule):
            if (key, kind, where) not in seen:
                seen.add((key, kind, where))
                yield kind, f"{key[1]}, {where}", _in_rules(key, kind, where)


def _of_surgery(ready: Prepared, seed: int) -> Iterator[tuple[str, str, Plant]]:
    plan = half(ready.trace, seed)
    for fault in edit_faults(ready.trace, plan, edits_of(ready.trace, plan, {})):
        yield fault.kind, fault.where, _in_edits(fault)
    for kind, where, change in file_faults(whole(surgery.cut(ready.folded, ready.trace, plan))):
        yield kind, where, _in_file(change)


def _in_rules(key: tuple[str, str], kind: str, where: str) -> Plant:
    """A fault in the rule of one operator, wherever it can be."""

    def wrong(node: Node) -> Rule | str:
        """The rule with the fault."""
        rule = rule_for(node)
        if isinstance(rule, Why) or (node.domain, node.operator) != key:
            return rule
        return next((found for k, w, found in faults(rule) if (k, w) == (kind, where)), rule)

    return lambda: patch.object(binding, "rule_for", wrong)


def _in_edits(fault: EditFault) -> Plant:
    """A fault in the edits that the cut is made by."""
    return lambda: patch.object(surgery, "edits_of", lambda *given: fault.plant(edits_of(*given)))


def _in_file(change: Change) -> Plant:
    """A fault in the file."""
    return lambda: patch.object(mutants_judge, "write_model", writing(change))


def drawn(mutants: Iterable[Mutant], count: int, seed: int) -> Iterator[Mutant]:
    """So many mutants, of all kinds alike often."""
    by_kind: dict[str, list[Mutant]] = {}
    for mutant in mutants:
        by_kind.setdefault(mutant.kind, []).append(mutant)
    rng = random.Random(seed)
    for kind in sorted(by_kind):
        rng.shuffle(by_kind[kind])
    while count > 0 and any(by_kind.values()):
        for kind in sorted(kind for kind in by_kind if by_kind[kind])[:count]:
            yield by_kind[kind].pop()
            count -= 1


def campaign(mutants: Iterable[Mutant], count: int, seed: int) -> Iterator[Found]:
    """What becomes of so many mutants."""
    return (Found(mutant, mutant.judged()) for mutant in drawn(mutants, count, seed))


def table(found: Sequence[Found]) -> str:
    """Counts by kind."""
    counts = Counter((one.mutant.kind, one.judged.outcome) for one in found)
    kinds = sorted({one.mutant.kind for one in found})
    rows = [(kind, *(counts[kind, outcome] for outcome in OUTCOMES)) for kind in kinds]
    rows.append(("all", *(sum(row[k] for row in rows) for k in range(1, len(OUTCOMES) + 1))))
    lines = [f"{'kind':36}" + "".join(f"{outcome:>12}" for outcome in OUTCOMES)]
    return "\n".join([*lines, *(f"{row[0]:36}" + "".join(f"{number:12}" for number in row[1:]) for row in rows)])


def main(argv: list[str] | None = None) -> int:
    """Run the campaign; 1 if a mutant was missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", metavar="N", type=int, default=1000, help="mutants to make (default 1000)")
    parser.add_argument("--seed", metavar="S", type=int, default=0, help="seed of weights and plans (default 0)")
    parser.add_argument("--json", metavar="FILE", type=Path, help="where every mutant and its fate is written")
    arguments = parser.parse_args(argv)
    start, seed = time.monotonic(), arguments.seed
    everything = [*(mutant for subject in subjects() for mutant in of_network(subject, seed)), *of_fitting(seed)]
    found = []
    for one in campaign(everything, arguments.count, seed):
        found.append(one)
        if one.judged.outcome == MISSED:
            print(f"MISSED {_line(one)}", flush=True)
    print(table(found))
    print(f"{len(found)} of {len(everything)} mutants in {time.monotonic() - start:.0f} s")
    if arguments.json is not None:
        arguments.json.write_text(json.dumps([[one.judged.outcome, _line(one)] for one in found], indent=1))
    return 1 if any(one.judged.outcome == MISSED for one in found) else 0


def _line(one: Found) -> str:
    return f"{one.mutant.kind}; {one.mutant.where}; in {one.mutant.network!r}: {one.judged.detail}"


if __name__ == "__main__":
    sys.exit(main())
