"""Branch coverage of each room of the package, from the data that a test run left in `.coverage`.

    python -m pytest --cov=paoding_onnx --cov-branch --cov-report=
    python -m scripts.room_coverage [--data .coverage] [--least 92]

The exit status is 1 if a room is covered by less than `--least` per cent of its lines and branches.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from coverage import Coverage

from scripts import ROOT
from scripts.page import table

PACKAGE = ROOT / "paoding_onnx"
LEAST = 92.0
"""Per cent below which a room has a gap to close or to explain."""


def main(argv: Sequence[str] | None = None) -> int:
    """Print the share of each room; returns the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", metavar="FILE", type=Path, default=ROOT / ".coverage", help="what the tests left")
    parser.add_argument("--least", metavar="PER_CENT", type=float, default=LEAST, help=f"default {LEAST:g}")
    arguments = parser.parse_args(argv)
    if not arguments.data.exists():
        print(f"{arguments.data} does not exist: run the tests with --cov=paoding_onnx --cov-branch", file=sys.stderr)
        return 2
    shares = by_room(counts(arguments.data))
    print(table(["room", "lines and branches run, %"], [[room, f"{share:.1f}"] for room, share in shares.items()]))
    return int(any(share < arguments.least for share in shares.values()))


def counts(data: Path) -> dict[Path, tuple[int, int]]:
    """For each file of the package that was run: lines and branches run, and how many there are."""
    coverage = Coverage(data_file=str(data))
    coverage.load()
    with TemporaryDirectory() as folder:
        report = Path(folder) / "coverage.json"
        coverage.json_report(outfile=str(report))
        files = json.loads(report.read_text("utf-8"))["files"]
    found = {(ROOT / name).resolve(): of["summary"] for name, of in files.items()}
    return {
        path: (of["covered_lines"] + of["covered_branches"], of["num_statements"] + of["num_branches"])
        for path, of in found.items()
        if path.is_relative_to(PACKAGE)
    }


def by_room(counted: Mapping[Path, tuple[int, int]]) -> dict[str, float]:
    """Per cent of lines and branches run in each room, rooms sorted by name; files of the root are one room.

    >>> rules = PACKAGE / "rules"
    >>> by_room({PACKAGE / "api.py": (9, 10), rules / "linear.py": (3, 4), rules / "rule.py": (1, 4)})
    {'(root)': 90.0, 'rules': 50.0}
    """
    run, whole = Counter[str](), Counter[str]()
    for path, (done, there) in counted.items():
        parts = path.relative_to(PACKAGE).parts
        room = parts[0] if len(parts) > 1 else "(root)"
        run[room] += done
        whole[room] += there
    return {room: 100 * run[room] / max(whole[room], 1) for room in sorted(whole)}


if __name__ == "__main__":
    raise SystemExit(main())
