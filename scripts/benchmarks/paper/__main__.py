"""The evaluation of the PAODING tool paper repeated: size, accuracy and robustness, step by step, of four models.

    python -m scripts.benchmarks.paper [--jobs N] [--models NAME ..] [--methods NAME ..] [--steps N] [--samples N]
    python -m scripts.benchmarks.paper --tables

The units go in steps of 5 %, up to half of them; after each step the smaller model is tested and attacked on the
samples in models/. Writes paper.csv, images/paper.svg and images/paper.png into the folder --out, and the tables of
paper.md there. Rows of the CSV file that are not asked for stay. Needs the extra paper.
"""

from __future__ import annotations

import argparse
from functools import partial
from operator import attrgetter
from pathlib import Path

from scripts import RESULTS
from scripts.benchmarks.ledger import Ledger
from scripts.benchmarks.page import put_between
from scripts.benchmarks.paper.document import tables
from scripts.benchmarks.paper.measure import ALL_WAYS, N_STEPS, PARTS, SUBJECTS, WHOLE, Job, Row, Setting, measured
from scripts.benchmarks.processes import each


def main(argv: list[str] | None = None) -> None:
    """Measure what is asked for, draw the picture and write the tables."""
    from scripts.benchmarks.paper.chart import draw  # before anything is measured: it needs matplotlib

    arguments = _arguments(argv)
    rows = Ledger(arguments.out / "paper.csv", Row, attrgetter("model", "method", "share"), _place)
    jobs = [] if arguments.tables else _jobs(arguments)
    work = partial(measured, setting=Setting(arguments.samples, arguments.seed))
    for row in each(work, jobs, n=arguments.jobs, spawn=True):
        rows.add(row)
        print(_line(row), flush=True)
    draw(rows.rows, arguments.out / "images")
    put_between(arguments.out / "paper.md", tables(rows.rows))


def _arguments(argv: list[str] | None) -> argparse.Namespace:
    """What the command line asks for."""
    names = [subject.name for subject in SUBJECTS]
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", metavar="NAME", nargs="+", choices=names, default=names)
    parser.add_argument("--methods", metavar="NAME", nargs="+", choices=list(ALL_WAYS), default=list(ALL_WAYS))
    parser.add_argument("--steps", metavar="N", type=int, choices=range(1, N_STEPS + 1), default=N_STEPS)
    parser.add_argument("--samples", metavar="N", type=int, default=0, help="test on N samples (default all)")
    parser.add_argument("--jobs", metavar="N", type=int, default=1, help="processes at a time (default 1)")
    parser.add_argument("--seed", metavar="N", type=int, default=0)
    parser.add_argument("--tables", action="store_true", help="measure nothing, only draw and write")
    parser.add_argument("--out", metavar="DIR", type=Path, default=RESULTS, help="default: docs/results")
    return parser.parse_args(argv)


def _jobs(arguments: argparse.Namespace) -> list[Job]:
    """What to measure: each model whole, then after each step of each method."""
    subjects = [subject for subject in SUBJECTS if subject.name in arguments.models]
    return [
        Job(subject, name, step)
        for subject in subjects
        for name, step in ((WHOLE, 0), *((name, step) for name in arguments.methods for step in ALL_WAYS[name].steps))
        if step <= arguments.steps and (name not in PARTS or subject.has_convolutions)
    ]


def _place(row: Row) -> tuple[int, int, float]:
    """Where a row stands in the file: by model, method and step."""
    models, methods = [subject.name for subject in SUBJECTS], [WHOLE, *ALL_WAYS]
    return models.index(row.model), methods.index(row.method), row.share


def _line(row: Row) -> str:
    """A row as a line to read while waiting."""
    robust = " / ".join(f"{share:.1%}" for share in row.robust)
    return (
        f"{row.model}, {row.method}, {row.removed} of {row.units} units: {row.parameters:,} parameters, "
        f"{row.file_bytes:,} bytes, accuracy {row.accuracy:.1%}, robust {robust}"
    )


if __name__ == "__main__":
    main()
