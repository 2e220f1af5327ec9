"""Four models of `models/` without half and two thirds of their parameters, on their samples: docs/results/speed.md.

    python -m scripts.benchmarks.table

Prints Markdown. Latency is after over before on onnxruntime, the two run in turns; it differs a little from run to run.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Iterator
from itertools import product
from pathlib import Path

import paoding_onnx
from scripts import MODELS
from scripts.page import line, table

NAMES = ("fraud_mlp", "brain_cnn", "mnist_cnn", "cifar10_cnn")
HEADS = ("model", "units removed", "parameters", "MACs", "file", "latency", "accuracy (fraud: AUROC)")


def main() -> None:
    """Prune each model at each target and print a row for it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--method", default="reconstruction", help="see `paoding_onnx prune --help`")
    parser.add_argument("--targets", type=float, nargs="+", default=[0.5, 0.67], help="shares of parameters")
    arguments = parser.parse_args()
    print(table(HEADS, [], align="l"))
    for name, target in product(NAMES, arguments.targets):
        options = paoding_onnx.Options(target=target, by="parameters", method=arguments.method)
        print(line(_cells(name, options)), flush=True)


def _cells(name: str, options: paoding_onnx.Options) -> Iterator[str]:
    """The row of a model."""
    source, sample = MODELS / f"{name}.onnx", MODELS / f"{name}_test.npz"
    with tempfile.TemporaryDirectory() as folder:
        small = Path(folder) / "small.onnx"
        result = paoding_onnx.prune(source, small, options)
        found = paoding_onnx.evaluate(small, sample, against=source, options=paoding_onnx.EvaluateOptions(processors=0))
    before, after = result.sizes.before, result.sizes.after
    measure = "auroc" if found.task == "binary" else "accuracy"
    yield name
    yield f"{result.plan.removed.mean():.1%}"
    yield _change(before.parameters, after.parameters)
    yield _change(before.macs, after.macs)
    yield f"{_change(before.file_bytes // 1000, after.file_bytes // 1000)} kB"
    yield "?" if result.measured.latency is None else f"x {result.measured.latency.ratio:.2f}"
    yield f"{found.comparison.measures[measure]:.3f} -> {found.measures[measure]:.3f}"


def _change(before: int, after: int) -> str:
    return f"{before:,} -> {after:,} ({after / before - 1:+.0%})"


if __name__ == "__main__":
    main()
