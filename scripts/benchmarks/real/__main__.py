"""Real trained models, pruned and judged by their real tasks: the table of docs/results/real_models.md.

    python -m scripts.benchmarks.real --csv docs/results/real_models.csv --out docs/results/real_models.md
    python -m scripts.benchmarks.real --models magika --judge PRUNED

Packages are downloaded by name with pip into the cache, where their models and the real inputs stay; none of it is
committed. What cannot be had is left out, with the reason. A run may be stopped: rows in the CSV file are not measured
again, unless --fresh. With --judge, files that were pruned elsewhere are scored, nothing else.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterable, Iterator
from itertools import product
from pathlib import Path

from scripts.benchmarks.ledger import Ledger
from scripts.benchmarks.real.document import markdown, verdict
from scripts.benchmarks.real.measure import Job, Judge, Row, measured
from scripts.benchmarks.real.registry import SUBJECTS
from scripts.benchmarks.real.subject import N_CALIBRATION, Place, UnavailableError
from scripts.page import put_between

Setting = tuple[float, str, str, int]
"""Target, what it counts, method, number of real inputs."""
CACHE = Path.home() / ".cache" / "paoding_onnx_real"


def main() -> None:
    """Measure what the CSV file lacks, and print or write the table."""
    arguments = _arguments()
    os.nice(arguments.nice)
    where = {name: getattr(arguments, name) for name in ("torch_python", "pictures", "scans", "more")}
    place = Place(arguments.cache.resolve(), **where)
    names = arguments.models or list(SUBJECTS)
    if arguments.judge:
        for name, path in product(names, arguments.judge):
            judge = Judge(SUBJECTS[name], place)
            print(f"{name}: original {judge.score():.2f}, {path} {judge.score(path):.2f}")
        return
    ledger = _ledger(arguments.csv)
    settings = list(product(arguments.targets, arguments.by, arguments.methods, arguments.data))
    wanted = {name: list(_jobs(name, settings, ledger, fresh=arguments.fresh)) for name in names}
    skipped = {
        name: reason for name, jobs in wanted.items() if jobs and (reason := _measure(name, jobs, place, ledger))
    }
    text = markdown(ledger.rows, skipped)
    print(text)
    if arguments.out:
        put_between(arguments.out, text)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("--models", metavar="NAME", nargs="+", choices=SUBJECTS, help=f"of {', '.join(SUBJECTS)} (default all)")
    add("--targets", metavar="SHARE", type=float, nargs="+", default=[0.1, 0.25, 0.5])
    add("--by", nargs="+", default=["parameters", "macs"], help="what the targets count (default both)")
    add("--methods", metavar="METHOD", nargs="+", default=["reconstruction", "magnitude"])
    add("--data", metavar="N", type=_n_data, nargs="+", default=[0, N_CALIBRATION], help="none or 128 (default both)")
    add("--cache", metavar="DIR", type=Path, default=CACHE, help="packages, models and real inputs")
    add("--torch-python", metavar="FILE", type=Path, help="an interpreter with torch and transformers, for exports")
    add("--pictures", metavar="DIR", type=Path, help="one JPEG picture of each ImageNet class, named by its identifier")
    add("--scans", metavar="DIR", type=Path, help="holds brain_mri_test_224.npz")
    add("--more", metavar="DIR", type=Path, help="further ONNX files")
    add("--csv", metavar="FILE", type=Path, help="rows; those that it has are kept")
    add("--fresh", action="store_true", help="measure anew what is asked for")
    add("--out", metavar="FILE", type=Path, help="put the table between the markers of this page")
    add("--judge", metavar="FILE", type=Path, nargs="+", help="score pruned files of the model")
    add("--nice", metavar="N", type=int, default=10)
    return parser.parse_args()


def _n_data(word: str) -> int:
    if word not in ("none", str(N_CALIBRATION)):
        raise argparse.ArgumentTypeError(f"none or {N_CALIBRATION}, not {word}")
    return 0 if word == "none" else N_CALIBRATION


def _ledger(path: Path | None) -> Ledger[Row]:
    order = list(SUBJECTS)
    return Ledger(
        path, Row, lambda row: row.job,
        lambda row: (order.index(row.model), row.by != "parameters", row.target, row.method, row.n_data),
    )  # fmt: skip


def _jobs(name: str, settings: Iterable[Setting], ledger: Ledger[Row], *, fresh: bool) -> Iterator[Job]:
    """The jobs of a model that the ledger lacks, or all; other methods look at no real inputs."""
    for job in (Job(name, *setting) for setting in settings):
        if (fresh or job not in ledger) and (job.n_data == 0 or job.method == "reconstruction"):
            yield job


def _measure(name: str, jobs: Iterable[Job], place: Place, ledger: Ledger[Row]) -> str:
    """Measure jobs of a model; the reason if that cannot be done, else nothing."""
    try:
        judge = Judge(SUBJECTS[name], place)
        for job in jobs:
            row = measured(job, judge)
            ledger.add(row)
            print(f"{job.label}: {row.original:.1f} -> {verdict(row)} {row.message}", file=sys.stderr, flush=True)
    except UnavailableError as error:
        return str(error)
    return ""


if __name__ == "__main__":
    main()
