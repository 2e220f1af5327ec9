"""Accuracy of pair-wise pruning on small relu MLPs for scikit-learn's digits: half of the units of each hidden layer.

    pip install -e '.[compare]'
    python -m scripts.benchmarks.digits

Trains each network with five seeds (540 of 1,797 images held back), prunes exactly half of each hidden layer without
data, and prints the mean test accuracy beside that of the other methods.
"""

from __future__ import annotations

import tempfile
import warnings
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper
from sklearn.datasets import load_digits
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier

import paoding_onnx
from paoding_onnx.evaluation.evaluate import EvaluateOptions, evaluate

SEEDS = range(5)
METHODS = ("reconstruction", "paoding", "magnitude", "random")
NETWORKS = {"64-128-64-10": (8, (128, 64)), "64-64-64-10": (8, (64, 64)), "784-256-256-10": (28, (256, 256))}
"""Name to side length of the images and hidden widths."""


@dataclass(frozen=True)
class Digits:
    """Training and test images, flat, in [0, 1], with their labels."""

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
    with tempfile.TemporaryDirectory() as folder:
        whole, test = Path(folder) / "whole.onnx", Path(folder) / "test.npz"
        np.savez(test, x=data.x_test, y=data.y_test)
        _write(classifier, whole)
        paths = [whole]
        for method in METHODS:
            options = paoding_onnx.Options(target=0.5, method=method, round_to=1, seed=seed, allocation="uniform")
            paths.append(whole.with_name(f"{method}.onnx"))
            _require_half(paoding_onnx.prune(whole, paths[-1], options))
        found = [evaluate(path, test, options=EvaluateOptions(processors=0)) for path in paths]
    return [evaluation.measures["accuracy"] for evaluation in found]


def _write(classifier: MLPClassifier, path: Path) -> None:
    """Write the network as scikit-learn computes it, without the softmax."""
    nodes, constants, last = [], [], "x"
    for k, pair in enumerate(zip(classifier.coefs_, classifier.intercepts_, strict=True)):
        names = [f"w{k}", f"b{k}"]
        constants += [numpy_helper.from_array(a.astype(np.float32), n) for a, n in zip(pair, names, strict=True)]
        nodes.append(helper.make_node("Gemm", [last, *names], [f"z{k}"], f"fc{k}"))
        nodes.append(helper.make_node("Relu", [f"z{k}"], [last := f"h{k}"]))
    nodes[-1] = helper.make_node("Identity", nodes[-1].input, ["y"])
    sizes = {"x": len(classifier.coefs_[0]), "y": len(classifier.intercepts_[-1])}
    x, y = (helper.make_tensor_value_info(name, TensorProto.FLOAT, ["n", size]) for name, size in sizes.items())
    graph = helper.make_graph(nodes, "digits", [x], [y], constants)
    onnx.save(helper.make_model(graph, ir_version=8, opset_imports=[helper.make_opsetid("", 17)]), path)


def _require_half(result: paoding_onnx.Pruned) -> None:
    for group in result.trace.groups:
        if 2 * result.plan.kept_units(group) != group.n_units:
            raise SystemExit(f"{group.name} kept {result.plan.kept_units(group)} of {group.n_units} units")


if __name__ == "__main__":
    main()
