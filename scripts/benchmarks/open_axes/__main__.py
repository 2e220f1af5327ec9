"""Prunes a folder of models with open axes and judges them at the sizes in their JSON files, by code of its own.

    python -m scripts.zoo FOLDER --open-axes
    python -m scripts.benchmarks.open_axes FOLDER [--json FILE] [--only GLOB] [--way exact|all] [--fresh] [--out PAGE]

Rows in the JSON file of an earlier run stay; --fresh judges all anew. Exit status 1 if a model is wrong or crashes.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from scripts.benchmarks.coverage.measure import smallest_first
from scripts.benchmarks.open_axes.document import markdown
from scripts.benchmarks.open_axes.judge import CRASH, OUTCOMES, WAYS, WRONG, Row, judge, n_of
from scripts.page import replaced

MARKERS = ("<!-- open axes: begin -->", "<!-- open axes: end -->")
"""Comments between which a page holds the table."""


def main() -> int:
    """Judge what is missing, smallest files first, and print a line for each."""
    arguments = _parser().parse_args()
    rows = {} if arguments.fresh else {(row.model, row.way): row for row in _read(arguments.json)}
    wanted = smallest_first(arguments.folder.glob("*.onnx"), arguments.only)
    for path in wanted:
        for way in arguments.way or WAYS:
            if (path.stem, way) not in rows:
                row = rows[path.stem, way] = judge(path, way)
                print(_text(row), flush=True)
                _write(arguments.json, list(rows.values()))
    of_now = [row for row in rows.values() if row.model in {path.stem for path in wanted}]
    print(", ".join(f"{n_of(of_now, outcome)} {outcome}" for outcome in OUTCOMES))
    if arguments.out is not None:
        arguments.out.write_text(replaced(arguments.out.read_text(), markdown(of_now), MARKERS))
    return int(n_of(of_now, WRONG) + n_of(of_now, CRASH) > 0)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", metavar="FOLDER", type=Path)
    parser.add_argument("--json", metavar="FILE", type=Path, help="the rows to write, and to go on from")
    parser.add_argument("--only", metavar="GLOB", action="append", default=[], help="models to judge, without .onnx")
    parser.add_argument("--way", choices=tuple(WAYS), action="append", help="ways to prune (default: both)")
    parser.add_argument("--fresh", action="store_true", help="judge all anew")
    parser.add_argument("--out", metavar="PAGE", type=Path, help="the page to write the table into")
    return parser


def _read(path: Path | None) -> list[Row]:
    return [Row(**row) for row in json.loads(path.read_text())] if path is not None and path.exists() else []


def _write(path: Path | None, rows: Sequence[Row]) -> None:
    if path is not None:
        path.write_text(json.dumps([asdict(row) for row in rows], indent=1) + "\n")


def _text(row: Row) -> str:
    left = "-" if row.parameters_left is None else f"{row.parameters_left:.2f}"
    far = "" if row.farthest is None else f", differs by {row.farthest:.0e}"
    return f"{row.outcome:10} {row.model} ({row.way}): {left} left, {row.seconds} s{far} {row.detail}".rstrip()


if __name__ == "__main__":
    sys.exit(main())
