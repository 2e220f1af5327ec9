"""What the pruner makes of a folder of models: one row each, as CSV and Markdown.

    python -m scripts.benchmarks.coverage FOLDER [--out docs/results/coverage.md] [--csv FILE] [--jobs 1] [--only GLOB]

Each model is pruned by half in a process of its own. Rows of an earlier run that are in the CSV file stay if they are
"ok"; --fresh measures all anew. The table is written after every model, so that a run may be stopped at any time.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from operator import attrgetter
from pathlib import Path

from scripts.benchmarks.coverage.document import markdown
from scripts.benchmarks.coverage.measure import OK, Row, measure, smallest_first
from scripts.benchmarks.ledger import Ledger
from scripts.benchmarks.page import put_between
from scripts.benchmarks.processes import each
from scripts.zoo.entry import VERSIONS


def main() -> None:
    """Measure what is missing, smallest files first, and write the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", metavar="FOLDER", type=Path)
    parser.add_argument("--out", metavar="FILE", type=Path, help="the document to write the table into")
    parser.add_argument("--csv", metavar="FILE", type=Path, help="the CSV table to write, and to go on from")
    parser.add_argument("--jobs", metavar="N", type=int, default=1, help="models at a time (default 1)")
    parser.add_argument("--only", metavar="GLOB", action="append", default=[], help="models to measure, without .onnx")
    parser.add_argument("--fresh", action="store_true", help="measure all models anew")
    arguments = parser.parse_args()
    rows = Ledger(arguments.csv, Row, attrgetter("model"))
    kept = set() if arguments.fresh else {row.model for row in rows.rows if row.status == OK}
    paths = [path for path in smallest_first(arguments.folder.glob("*.onnx"), arguments.only) if path.stem not in kept]
    for row in each(measure, paths, n=arguments.jobs):
        rows.add(row)
        print(_text(row), flush=True)
        _write(arguments, rows.rows)
    _write(arguments, rows.rows)


def _versions(folder: Path) -> dict[str, str]:
    own = {name: version(name) for name in ("paoding_onnx", "onnx", "onnxruntime")}
    made_with = folder / VERSIONS
    return own | (json.loads(made_with.read_text()) if made_with.exists() else {})


def _write(arguments: argparse.Namespace, rows: Sequence[Row]) -> None:
    """Write the document, if it was asked for."""
    if arguments.out is not None:
        date = datetime.now(UTC).date().isoformat()
        put_between(arguments.out, markdown(rows, date, _versions(arguments.folder)))


def _text(row: Row) -> str:
    left = "-" if row.parameters_left is None else f"{row.parameters_left:.3f}"
    return f"{row.model}: {row.status}, {left} of the parameters left, {row.seconds} s"


if __name__ == "__main__":
    main()
