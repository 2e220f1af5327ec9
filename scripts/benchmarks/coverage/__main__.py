"""What the pruner makes of a folder of models: one row each, as CSV and Markdown.

    python -m scripts.benchmarks.coverage FOLDER [--out docs/results/coverage.md] [--csv FILE] [--jobs 1] [--only GLOB]

Each model is pruned by half in a process of its own. Rows of an earlier run that are in the CSV file stay if they are
"ok"; --fresh measures all anew. The table is written after every model, so that a run may be stopped at any time.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from importlib.metadata import version
from pathlib import Path

from scripts.benchmarks.coverage.coverage_table import markdown
from scripts.benchmarks.coverage.measure import OK, Row, measure
from scripts.benchmarks.ledger import read_csv, write_csv
from scripts.zoo.entry import VERSIONS


def main() -> None:
    """Measure what is missing, smallest files first, and write the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", metavar="FOLDER", type=Path)
    parser.add_argument("--out", metavar="FILE", type=Path, help="the Markdown document to write")
    parser.add_argument("--csv", metavar="FILE", type=Path, help="the CSV table to write, and to go on from")
    parser.add_argument("--jobs", metavar="N", type=int, default=1, help="models at a time (default 1)")
    parser.add_argument("--only", metavar="GLOB", action="append", default=[], help="models to measure, without .onnx")
    parser.add_argument("--fresh", action="store_true", help="measure all models anew")
    arguments = parser.parse_args()
    is_old = arguments.csv is not None and arguments.csv.exists()
    rows = {row.model: row for row in (read_csv(arguments.csv, Row) if is_old else ())}
    kept = {} if arguments.fresh else {name for name, row in rows.items() if row.status == OK}
    paths = [path for path in _models(arguments.folder, arguments.only) if path.stem not in kept]
    versions = _versions(arguments.folder)
    with ThreadPoolExecutor(arguments.jobs) as pool:
        for future in as_completed([pool.submit(measure, path) for path in paths]):
            row = future.result()
            rows[row.model] = row
            print(_text(row), flush=True)
            _write(arguments.csv, arguments.out, list(rows.values()), versions)
    _write(arguments.csv, arguments.out, list(rows.values()), versions)


def _models(folder: Path, patterns: Sequence[str]) -> list[Path]:
    """Files to measure, smallest first."""
    found = [p for p in folder.glob("*.onnx") if not patterns or any(fnmatchcase(p.stem, word) for word in patterns)]
    return sorted(found, key=lambda path: (path.stat().st_size, path.name))


def _versions(folder: Path) -> dict[str, str]:
    own = {name: version(name) for name in ("paoding_onnx", "onnx", "onnxruntime")}
    made_with = folder / VERSIONS
    return own | (json.loads(made_with.read_text()) if made_with.exists() else {})


def _write(table: Path | None, document: Path | None, rows: Sequence[Row], versions: dict[str, str]) -> None:
    if table is not None:
        write_csv(table, rows, Row)
    if document is not None:
        document.write_text(markdown(rows, datetime.now(UTC).date().isoformat(), versions))


def _text(row: Row) -> str:
    left = "-" if row.parameters_left is None else f"{row.parameters_left:.3f}"
    return f"{row.model}: {row.status}, {left} of the parameters left, {row.seconds} s"


if __name__ == "__main__":
    main()
