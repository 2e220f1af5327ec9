"""The table of the README: four models of `models/` without half and two thirds of their parameters, on their samples.

    python -m scripts.benchmarks.table

Prints Markdown. Latency is after over before on onnxruntime, the two run in turns; it differs a little from run to run.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

import numpy as np
import onnxruntime
from numpy.typing import NDArray

import paoding_onnx

MODELS = Path(__file__).parents[2] / "models"
NAMES = ("fraud_mlp", "brain_cnn", "mnist_cnn", "cifar10_cnn")
HEADER = "| model | units removed | parameters | MACs | file | latency | {} |"


def main() -> None:
    """Prune each model at each target and print a row for it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--method", default="reconstruction", help="see `paoding_onnx prune --help`")
    parser.add_argument("--targets", type=float, nargs="+", default=[0.5, 0.67], help="shares of parameters")
    arguments = parser.parse_args()
    print(HEADER.format("accuracy (fraud: AUROC)"))
    print("|---|---|---|---|---|---|---|")
    for name in NAMES:
        for target in arguments.targets:
            print(_row(name, paoding_onnx.Options(target=target, by="parameters", method=arguments.method)), flush=True)


def score(path: Path, sample: Path) -> float:
    """Accuracy of a classifier on a test sample, or the area under the ROC curve where it has one output."""
    data = np.load(sample)
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    x = data["x"].astype(np.float32) / np.float32(data["scale"])
    outputs = session.run(None, {session.get_inputs()[0].name: x})[0]
    if outputs.shape[1] == 1:
        return auroc(outputs[:, 0], data["y"])
    return float((outputs.argmax(1) == data["y"]).mean())


def auroc(scores: NDArray[np.floating], labels: NDArray[np.integer]) -> float:
    """Chance that a positive sample scores higher than a negative one, ties counted half.

    >>> auroc(np.array([0.1, 0.9, 0.5]), np.array([0, 1, 1]))
    1.0
    """
    positive, negative = scores[labels == 1], np.sort(scores[labels == 0])
    below, not_above = np.searchsorted(negative, positive, "left"), np.searchsorted(negative, positive, "right")
    return float((below + not_above).mean() / (2 * len(negative)))


def _row(name: str, options: paoding_onnx.Options) -> str:
    source, sample = MODELS / f"{name}.onnx", MODELS / f"{name}_test.npz"
    with tempfile.TemporaryDirectory() as folder:
        small = Path(folder) / "small.onnx"
        result = paoding_onnx.prune(source, small, options)
        before, after = score(source, sample), score(small, sample)
    return (
        f"| {name} | {result.plan.removed.mean():.1%} "
        f"| {_change(result.before.parameters, result.after.parameters)} "
        f"| {_change(result.before.macs, result.after.macs)} "
        f"| {_change(result.bytes_before // 1000, result.bytes_after // 1000)} kB "
        f"| x {result.latency_ratio:.2f} | {before:.3f} -> {after:.3f} |"
    )


def _change(before: int, after: int) -> str:
    return f"{before:,} -> {after:,} ({after / before - 1:+.0%})"


if __name__ == "__main__":
    main()
