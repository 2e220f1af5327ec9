"""Torch-Pruning and onnxsim beside paoding_onnx, each halving the torchvision classifiers of a zoo.

    python -m scripts.benchmarks.peers ZOO [--out docs/results/peers.md] [--csv FILE] [--only GLOB] [--tool TOOL]

ZOO holds `tv_*.torchscript.onnx` as scripts/zoo writes them. Each model and tool runs in a process of its own
with limits. The tools may live in three environments: --torch-python needs torch, torchvision and torch-pruning,
--onnxsim-python needs onnxsim, onnx and onnxruntime. Rows that the CSV file has are not measured again, unless --fresh,
which concerns only the models and tools asked for. Both files are written after every row, so that a run may be
stopped and continued at any time.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from fnmatch import fnmatchcase
from pathlib import Path

from scripts.benchmarks.ledger import read_csv, write_csv
from scripts.benchmarks.peers.document import markdown
from scripts.benchmarks.peers.measure import OURS, TOOLS, Limits, Row, measure, model_name

_NO_CLASSIFIERS = ("deeplabv3", "fcn", "lraspp")
"""First letters of the names of segmentation models."""


def main() -> None:
    """Measure what is missing, smallest files first, and write the tables."""
    arguments = _arguments()
    is_old = arguments.csv is not None and arguments.csv.exists()
    rows = {(row.model, row.tool): row for row in (read_csv(arguments.csv, Row) if is_old else ())}
    jobs = [
        (path, tool)
        for path in _models(arguments.folder, arguments.only)
        for tool in arguments.tool or TOOLS
        if arguments.fresh or (model_name(path), tool) not in rows
    ]
    limits = Limits(arguments.cpu_seconds, int(arguments.memory_gigabytes * 1e9))
    pythons = dict.fromkeys(TOOLS, arguments.onnxsim_python) | {
        OURS: sys.executable,
        "torch_pruning": arguments.torch_python,
    }
    _write(arguments, rows.values())
    with ThreadPoolExecutor(arguments.jobs) as pool:
        for future in as_completed([pool.submit(measure, path, tool, pythons[tool], limits) for path, tool in jobs]):
            row = future.result()
            rows[row.model, row.tool] = row
            print(_line(row), flush=True)
            _write(arguments, rows.values())


def _arguments() -> argparse.Namespace:
    """What the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", metavar="ZOO", type=Path)
    parser.add_argument("--out", metavar="FILE", type=Path, help="the Markdown document to write")
    parser.add_argument("--csv", metavar="FILE", type=Path, help="the CSV table to write, and to go on from")
    parser.add_argument("--only", metavar="GLOB", action="append", default=[], help="models, as torchvision names them")
    parser.add_argument("--tool", choices=TOOLS, action="append", help="tools to measure (default all)")
    parser.add_argument("--jobs", metavar="N", type=int, default=1, help="processes at a time (default 1)")
    parser.add_argument("--fresh", action="store_true", help="measure anew what is asked for")
    parser.add_argument("--torch-python", metavar="FILE", default=sys.executable)
    parser.add_argument("--onnxsim-python", metavar="FILE", default=sys.executable)
    parser.add_argument("--cpu-seconds", metavar="N", type=int, default=120, help="limit of a process (default 120)")
    parser.add_argument("--memory-gigabytes", metavar="N", type=float, default=20, help="limit (default 20)")
    return parser.parse_args()


def _models(folder: Path, patterns: Sequence[str]) -> list[Path]:
    """Files to measure, smallest first."""
    found = [
        path
        for path in folder.glob("tv_*.torchscript.onnx")
        if not model_name(path).startswith(_NO_CLASSIFIERS)
        and (not patterns or any(fnmatchcase(model_name(path), word) for word in patterns))
    ]
    return sorted(found, key=lambda path: (path.stat().st_size, path.name))


def _write(arguments: argparse.Namespace, rows: Iterable[Row]) -> None:
    """Write the files that were asked for."""
    ordered = sorted(rows, key=lambda row: (row.model, TOOLS.index(row.tool)))
    if arguments.csv is not None:
        write_csv(arguments.csv, ordered, Row)
    if arguments.out is not None and ordered:
        limits = f"{arguments.cpu_seconds} CPU seconds and {arguments.memory_gigabytes:g} GB of address space"
        arguments.out.write_text(markdown(ordered, limits))


def _line(row: Row) -> str:
    share = "-" if row.share is None else f"{row.share:.3f}"
    return f"{row.model}, {row.tool}: {row.status}, {share} of the parameters left, {row.process_seconds} CPU s"


if __name__ == "__main__":
    main()
