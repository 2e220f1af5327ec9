"""Less time: what was asked for, and what was measured of the result: a table for docs/results/latency.md.

    python -m scripts.benchmarks.latency MODEL .. [--targets 0.25 0.5] [--threads 1]

Prints Markdown. What counts is timed here, after pruning, once more: the original's file and the smaller one in turns,
in several processes, of which the middle one is shown; the spread is not less than how far they are apart. Units go by
magnitude unless told otherwise, as accuracy is not what is looked at.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Iterator
from itertools import product
from pathlib import Path

import numpy as np

import paoding_onnx
from paoding_onnx.evaluation.measured import Latency
from paoding_onnx.pipeline.latency import latency_of
from paoding_onnx.report.words import share
from scripts.page import line, table

HEADS = ("model", "ms before", "asked", "measured", "MACs", "parameters", "candidates", "seconds")
ROUNDS = 5
CLOSE = 0.05


def main() -> None:
    """Prune each model at each target, and print a row for it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", metavar="MODEL", type=Path, nargs="+")
    parser.add_argument("--targets", type=float, nargs="+", default=[0.25, 0.5], help="shares of the time")
    parser.add_argument("--threads", type=int, default=1, help="threads of onnxruntime")
    parser.add_argument("--method", default="magnitude", help="see `paoding_onnx prune --help`")
    arguments = parser.parse_args()
    print(table(HEADS, [], align="l"))
    missed = []
    for path, target in product(arguments.models, arguments.targets):
        options = paoding_onnx.Options(
            target=target, by="latency", method=arguments.method, threads=arguments.threads, effort="fast"
        )
        cells, saved = _row(path, options)
        print(line(cells), flush=True)
        if abs(saved - target) > CLOSE:
            missed.append(f"{path.stem} at {target:.0%}")
    print(f"\nwithin {CLOSE:.0%} of what was asked for: {'all' if not missed else 'all but ' + ', '.join(missed)}")


def _row(path: Path, options: paoding_onnx.Options) -> tuple[list[str], float]:
    """The cells of a row, and the share of the time that is saved."""
    start = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        small = Path(folder) / "small.onnx"
        try:
            result = paoding_onnx.prune(path, small, options)
        except paoding_onnx.TargetError as error:
            return [path.stem, "", f"-{options.target:.0%}", f"refused: {error}", *[""] * 4], 0.0
        spent = time.perf_counter() - start
        graph = result.trace.graph
        found = latency_of(result.original, small, graph, threads=options.threads, rounds=ROUNDS)
    saved = np.nan if found is None else 1 - found.ratio
    return list(_cells(path.stem, result, found, spent)), float(saved)


def _cells(name: str, result: paoding_onnx.Pruned, found: Latency | None, spent: float) -> Iterator[str]:
    before, after = result.sizes.before, result.sizes.after
    yield name
    yield "" if found is None else f"{found.before:.2f}"
    yield f"-{result.run.options.target:.0%}"
    yield "not measurable" if found is None else f"{found.ratio - 1:+.1%} ±{found.spread:.1%}"
    yield f"{-share(before.macs, after.macs):+.0%}"
    yield f"{-share(before.parameters, after.parameters):+.0%}"
    yield str(len(result.run.trials))
    yield f"{spent:.0f}"


if __name__ == "__main__":
    main()
