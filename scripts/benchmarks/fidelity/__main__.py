"""Accuracy on real test samples against parameters removed, for each model, share and method.

    python -m scripts.benchmarks.fidelity --data DIR [--others DIR] [--models GLOB] [--shares 0.5] [--methods NAME]
    python -m scripts.benchmarks.fidelity --tables

DIR of --data holds the data sets that models/README.md lists; without it the small samples in models/ are split, 128 to
calibrate on, the rest to test on. Rows that the CSV file has are not measured again, unless --fresh. The CSV file is
written after every row, the page at the end, and by --tables alone. --onnxsim-python needs onnxsim and onnx,
--torch-python needs torch, torch-pruning and onnx.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from fnmatch import fnmatchcase
from itertools import product
from operator import attrgetter
from pathlib import Path

from scripts import RESULTS
from scripts.benchmarks.fidelity.document import write
from scripts.benchmarks.fidelity.measure import DISTILLED, METHODS, Row, measure
from scripts.benchmarks.fidelity.subjects import SUBJECTS, Subject, samples
from scripts.benchmarks.ledger import Ledger

SHARES = (0.5, 0.25, 0.67, 0.1)


def main() -> None:
    """Measure what is missing, then write the page."""
    arguments = _arguments()
    rows = Ledger(arguments.csv, Row, attrgetter("model", "method", "share"), _place)
    subjects = [] if arguments.tables else _asked(arguments.models)
    for method, share, subject in product(arguments.methods, arguments.shares, subjects):
        path = subject.path(arguments.others)
        is_known = (subject.name, method, share) in rows and not arguments.fresh
        if path is None or is_known or (method == DISTILLED and not subject.has_statistics):
            continue
        row = measure(path, samples(subject, arguments.data), share, method, _python(method, arguments))
        rows.add(row)
        print(_line(row), flush=True)
    write(rows.rows, RESULTS)


def _arguments() -> argparse.Namespace:
    """What the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", metavar="DIR", type=Path, help="folder of the data sets")
    parser.add_argument("--others", metavar="DIR", type=Path, help="folder of models made by others")
    parser.add_argument("--models", metavar="GLOB", nargs="+", default=["*"])
    parser.add_argument("--shares", metavar="SHARE", type=float, nargs="+", default=SHARES)
    parser.add_argument("--methods", metavar="NAME", nargs="+", choices=METHODS, default=METHODS)
    parser.add_argument("--fresh", action="store_true", help="measure anew what is asked for")
    parser.add_argument("--tables", action="store_true", help="measure nothing, only write the page")
    parser.add_argument("--csv", metavar="FILE", type=Path, default=RESULTS / "fidelity.csv")
    parser.add_argument("--onnxsim-python", metavar="FILE", default=sys.executable)
    parser.add_argument("--torch-python", metavar="FILE", default=sys.executable)
    return parser.parse_args()


def _asked(patterns: Sequence[str]) -> list[Subject]:
    """The subjects, in the order of the patterns that they match."""
    found = [subject for pattern in patterns for subject in SUBJECTS if fnmatchcase(subject.name, pattern)]
    return list(dict.fromkeys(found))


def _python(method: str, arguments: argparse.Namespace) -> str:
    """The interpreter that has what a peer needs; ours needs none."""
    return str(arguments.onnxsim_python if method == "onnxsim" else arguments.torch_python)


def _place(row: Row) -> tuple[int, int, float]:
    """Where a row stands in the file."""
    return [subject.name for subject in SUBJECTS].index(row.model), METHODS.index(row.method), row.share


def _line(row: Row) -> str:
    score = row.status if row.score is None else f"{row.score_before:.4f} -> {row.score:.4f}"
    return f"{row.model}, {row.method}, {row.share:g}: {score} ({row.removed or 0:.3f} removed, {row.seconds} s)"


if __name__ == "__main__":
    main()
