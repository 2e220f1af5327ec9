"""What pruning gives, recorded before a change that must not change it, and compared afterwards.

    python -m scripts.benchmarks.regression record FILE [--models PATH ..] [--methods NAME ..] [--jobs 1]
    python -m scripts.benchmarks.regression compare FILE [--models PATH ..] [--methods NAME ..] [--jobs 1]

Prunes every model by every method to two targets with two seeds each, and keeps a checksum of the weights of every
result in FILE, a CSV table; a run that was stopped goes on where it was. A PATH is a file, a pattern or a folder
(default: those in models/). `compare` repeats what FILE holds, prints what differs, and exits with 1 if anything does.
Results are those of one machine: others round differently.
"""

from __future__ import annotations

import argparse
import hashlib
import sys
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from glob import glob
from itertools import product
from operator import attrgetter
from pathlib import Path

import onnx
from onnx import numpy_helper

import paoding_onnx
from scripts import MODELS, ROOT
from scripts.benchmarks.ledger import Ledger, read_csv
from scripts.benchmarks.processes import each

METHODS = ("reconstruction", "paoding", "magnitude", "random")
TARGETS, SEEDS = (0.25, 0.5), (0, 1)


@dataclass(frozen=True, slots=True)
class Row:
    """What is asked of a model, named by its path in the repository or its absolute one, and what came of it.

    `result` is the checksum of the smaller model's weights, or the error in its place.
    """

    model: str
    method: str
    target: float
    seed: int
    result: str = ""

    @property
    def case(self) -> str:
        """What is asked, in words."""
        return f"{self.model}, {self.method}, {self.target:g}, seed {self.seed}"


def main(argv: Sequence[str] | None = None) -> int:
    """Record or compare; 1 if something differs."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("command", choices=("record", "compare"))
    parser.add_argument("file", metavar="FILE", type=Path)
    parser.add_argument("--models", metavar="PATH", nargs="+", default=[], help="files, patterns or folders")
    parser.add_argument("--methods", metavar="NAME", nargs="+", choices=METHODS, default=METHODS)
    parser.add_argument("--jobs", metavar="N", type=int, default=1, help="processes at a time (default 1)")
    arguments = parser.parse_args(argv)
    models = _models(arguments.models)
    if arguments.command == "record":
        cases = [Row(*chosen) for chosen in product(models or _models([MODELS]), arguments.methods, TARGETS, SEEDS)]
        return record(arguments.file, cases, arguments.jobs)
    known = [row for row in read_csv(arguments.file, Row) if row.method in arguments.methods]
    return compare([row for row in known if row.model in models or not arguments.models], arguments.jobs)


def _models(paths: Iterable[Path | str]) -> list[str]:
    """The models that paths, patterns and folders name, as rows name them."""
    found = [path for word in paths for path in sorted(glob(f"{word}/*.onnx" if Path(word).is_dir() else str(word)))]
    own = [Path(path).resolve() for path in found]
    return [str(path.relative_to(ROOT) if path.is_relative_to(ROOT) else path) for path in own]


def record(file: Path, cases: Sequence[Row], n: int) -> int:
    """Measure the cases that `file` does not have, `n` at a time, and write it after each of them."""
    rows = Ledger(file, Row, attrgetter("case"), attrgetter("model", "method", "target", "seed"))
    missing = [row for row in cases if row.case not in rows]
    for row in each(measured, missing, n=n, spawn=True):
        rows.add(row)
        print(f"{row.case}: {row.result[:16]}", flush=True)
    print(f"{len(missing)} cases measured, {len(rows.rows)} in {file}")
    return 0


def compare(rows: Sequence[Row], n: int) -> int:
    """Measure the cases of `rows` again, `n` at a time, and print those with another result; 1 if there are any."""
    known = {row.case: row.result for row in rows}
    n_differing = 0
    for row in each(measured, rows, n=n, spawn=True):
        if row.result != known[row.case]:
            n_differing += 1
            print(f"{row.case}: was {known[row.case][:80]}, is {row.result[:80]}", flush=True)
    print(f"{len(known)} cases, {n_differing} differ")
    return 1 if n_differing else 0


def measured(row: Row) -> Row:
    """The row with its result; what is refused is a result too."""
    options = paoding_onnx.Options(target=row.target, method=row.method, seed=row.seed)
    with tempfile.TemporaryDirectory() as folder:
        small = Path(folder) / "small.onnx"
        try:
            paoding_onnx.prune(ROOT / row.model, small, options)
        except paoding_onnx.PaodingError as error:
            return replace(row, result=f"{type(error).__name__}: {' '.join(str(error).split())}")
        return replace(row, result=digest(small))


def digest(path: Path) -> str:
    """The SHA-256 of names, types, shapes and bytes of all initializers of a file, by name."""
    found = hashlib.sha256()
    for tensor in sorted(onnx.load(path).graph.initializer, key=attrgetter("name")):
        array = numpy_helper.to_array(tensor)
        found.update(f"{tensor.name} {array.dtype} {array.shape}".encode())
        found.update(array.tobytes())
    return found.hexdigest()


if __name__ == "__main__":
    sys.exit(main())
