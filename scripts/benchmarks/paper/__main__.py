"""The evaluation of the PAODING tool paper repeated: size, accuracy and robustness, step by step, of four models.

    python -m scripts.benchmarks.paper [--jobs N] [--models NAME ..] [--methods NAME ..] [--steps N] [--samples N]
    python -m scripts.benchmarks.paper --tables

The units go in steps of 5 %, up to half of them; after each step the smaller model is tested and attacked on the
samples in models/. Writes paper.csv, images/paper.svg and images/paper.png into the folder --out, and the tables of
paper.md there. Rows of the CSV file that are not asked for stay. Needs the extra paper.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing import get_context
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from scripts.benchmarks.ledger import read_csv, write_csv
from scripts.benchmarks.paper.document import write
from scripts.benchmarks.paper.measure import ALL_WAYS, N_STEPS, PARTS, SUBJECTS, WHOLE, Job, Row, Setting, measured

DOCS = Path(__file__).parents[3] / "docs" / "results"


def main(argv: list[str] | None = None) -> None:
    """Measure what is asked for, draw the picture and write the tables."""
    from scripts.benchmarks.paper.chart import draw  # before anything is measured: it needs matplotlib

    arguments = _arguments(argv)
    csv = arguments.out / "paper.csv"
    rows = {_key(row): row for row in (read_csv(csv, Row) if csv.exists() else ())}
    jobs = [] if arguments.tables else _jobs(arguments)
    for row in _rows(jobs, Setting(arguments.samples, arguments.seed), arguments.jobs):
        rows[_key(row)] = row
        write_csv(csv, _ordered(rows.values()), Row)
    draw(_ordered(rows.values()), arguments.out / "images")
    write(_ordered(rows.values()), arguments.out / "paper.md")


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
    parser.add_argument("--out", metavar="DIR", type=Path, default=DOCS, help="default: docs/results")
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


def _rows(jobs: list[Job], setting: Setting, n_processes: int) -> Iterable[Row]:
    """The rows of the jobs as they are done, with a line for each and a bar on a terminal."""
    console = Console(file=sys.stderr)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    pool = ProcessPoolExecutor(n_processes, mp_context=get_context("spawn"))
    with pool, Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("pruning and attacking", total=len(jobs))
        for future in as_completed([pool.submit(measured, job, setting) for job in jobs]):
            row = future.result()
            bar.update(task, advance=1, description=f"{row.model}, {row.method}, {row.share:.0%}")
            bar.console.print(_line(row), highlight=False, soft_wrap=True)
            yield row


def _key(row: Row) -> tuple[str, str, float]:
    """What makes a row a different one."""
    return row.model, row.method, row.share


def _ordered(rows: Iterable[Row]) -> list[Row]:
    """The rows by model, method and step."""
    models, methods = [subject.name for subject in SUBJECTS], [WHOLE, *ALL_WAYS]
    return sorted(rows, key=lambda row: (models.index(row.model), methods.index(row.method), row.share))


def _line(row: Row) -> str:
    """A row as a line to read while waiting."""
    robust = " / ".join(f"{share:.1%}" for share in row.robust)
    return (
        f"{row.model}, {row.method}, {row.removed} of {row.units} units: {row.parameters:,} parameters, "
        f"{row.file_bytes:,} bytes, accuracy {row.accuracy:.1%}, robust {robust}"
    )


if __name__ == "__main__":
    main()
