"""Accuracy of pair-wise pruning on small relu MLPs for scikit-learn's digits: half of the units of each hidden layer.

    pip install -e '.[compare]'
    python -m scripts.benchmarks.digits

Trains each network with five seeds (540 of 1,797 pictures held back), prunes exactly half of each hidden layer without
data, and prints the mean test accuracy beside that of the other methods.
"""

from __future__ import annotations

import tempfile
import warnings
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnxruntime
from numpy.typing import NDArray
from sklearn.datasets import load_digits
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier

import paoding_onnx
from scripts.benchmarks import networks

SEEDS = range(5)
METHODS = ("reconstruction", "paoding", "magnitude", "random")
NETWORKS = {"64-128-64-10": (8, (128, 64)), "64-64-64-10": (8, (64, 64)), "784-256-256-10": (28, (256, 256))}
"""Name to side length of the pictures and hidden widths."""


@dataclass(frozen=True)
class Digits:
    """Training and test pictures, flat, in [0, 1], with their labels."""

    x_train: NDArray[np.float32]
    y_train: NDArray[np.int64]
    x_test: NDArray[np.float32]
    y_test: NDArray[np.int64]


def main() -> None:
    """Train, prune and print the table."""
    print(f"{'network':16} {'before':>8} " + " ".join(f"{method:>14}" for method in METHODS))
    for name, (side, hidden) in NETWORKS.items():
        data = digits(side)
        rows = [_accuracies(data, hidden, seed) for seed in SEEDS]
        means = np.mean(rows, axis=0)
        print(f"{name:16} {means[0]:8.3f} " + " ".join(f"{mean:14.3f}" for mean in means[1:]))


def digits(side: int) -> Digits:
    """The digits at 8 x 8, or enlarged four times and cut to 28 x 28."""
    source = load_digits()
    images = source.images / 16
    if side == 28:
        images = np.kron(images, np.ones((4, 4)))[:, 2:30, 2:30]
    x = images.reshape(len(images), -1).astype(np.float32)
    x_train, x_test, y_train, y_test = train_test_split(x, source.target, test_size=540, random_state=0)
    return Digits(x_train, y_train, x_test, y_test)


def _accuracies(data: Digits, hidden: tuple[int, int], seed: int) -> list[float]:
    """Test accuracy before pruning and after it with each method."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # 60 epochs are enough and fixed
        classifier = MLPClassifier(hidden, batch_size=32, alpha=0, max_iter=60, random_state=seed)
        classifier.fit(data.x_train, data.y_train)
    weights = [w.astype(np.float32) for w in classifier.coefs_]
    biases = [b.astype(np.float32) for b in classifier.intercepts_]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "digits.onnx"
        networks.write_mlp(weights, biases, path)
        accuracies = [_accuracy(path, data)]
        for method in METHODS:
            small = path.with_name(f"{method}.onnx")
            result = paoding_onnx.prune(
                path,
                small,
                paoding_onnx.Options(target=0.5, method=method, round_to=1, seed=seed, allocation="uniform"),
            )
            _require_half(result)
            accuracies.append(_accuracy(small, data))
    return accuracies


def _accuracy(path: Path, data: Digits) -> float:
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    scores = session.run(None, {"x": data.x_test})[0]
    return float((scores.argmax(1) == data.y_test).mean())


def _require_half(result: paoding_onnx.Pruned) -> None:
    for group in result.trace.groups:
        if 2 * result.plan.kept_units(group) != group.n_units:
            raise SystemExit(f"{group.name} kept {result.plan.kept_units(group)} of {group.n_units} units")


if __name__ == "__main__":
    main()
