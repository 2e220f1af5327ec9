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
from collections.abc import Sequence
from operator import attrgetter
from pathlib import Path

from scripts.benchmarks.coverage.measure import smallest_first
from scripts.benchmarks.ledger import Ledger
from scripts.benchmarks.page import put_between
from scripts.benchmarks.peers.document import markdown
from scripts.benchmarks.peers.measure import OURS, TOOLS, Row, measure, model_name
from scripts.benchmarks.processes import Limits, each

_NO_CLASSIFIERS = ("deeplabv3", "fcn", "lraspp")
"""First letters of the names of segmentation models."""


def main() -> None:
    """Measure what is missing, smallest files first, and write the tables."""
    arguments = _arguments()
    rows = Ledger(arguments.csv, Row, attrgetter("model", "tool"), lambda row: (row.model, TOOLS.index(row.tool)))
    jobs = [
        (path, tool)
        for path in _models(arguments.folder, arguments.only)
        for tool in arguments.tool or TOOLS
        if arguments.fresh or (model_name(path), tool) not in rows
    ]
    limits = Limits(cpu_seconds=arguments.cpu_seconds, memory_bytes=int(arguments.memory_gigabytes * 1e9))
    pythons = dict.fromkeys(TOOLS, arguments.onnxsim_python) | {
        OURS: sys.executable,
        "torch_pruning": arguments.torch_python,
    }
    _write(arguments, rows.rows)
    for row in each(lambda job: measure(*job, pythons[job[1]], limits), jobs, n=arguments.jobs):
        rows.add(row)
        print(_line(row), flush=True)
        _write(arguments, rows.rows)


def _arguments() -> argparse.Namespace:
    """What the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", metavar="ZOO", type=Path)
    parser.add_argument("--out", metavar="FILE", type=Path, help="the document to write the tables into")
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
    found = smallest_first(folder.glob("tv_*.torchscript.onnx"), patterns, model_name)
    return [path for path in found if not model_name(path).startswith(_NO_CLASSIFIERS)]


def _write(arguments: argparse.Namespace, rows: Sequence[Row]) -> None:
    """Write the document, if it was asked for."""
    if arguments.out is not None and rows:
        limits = f"{arguments.cpu_seconds} CPU seconds and {arguments.memory_gigabytes:g} GB of address space"
        put_between(arguments.out, markdown(rows, limits))


def _line(row: Row) -> str:
    share = "-" if row.share is None else f"{row.share:.3f}"
    return f"{row.model}, {row.tool}: {row.status}, {share} of the parameters left, {row.process_seconds} CPU s"


if __name__ == "__main__":
    main()
