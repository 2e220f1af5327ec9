"""Make the trained models of `models/` and their labelled test samples, or measure them again.

    python -m scripts.train --data DIR [--only NAME ..] [--out models]     train, export, sample, measure
    python -m scripts.train --data DIR --measure                           measure the files that are there

Reads the data sets described in `models/README.md`. Training needs TensorFlow, Keras and tf2onnx for fraud_mlp and
brain_cnn, PyTorch and onnxscript for the others; measuring needs neither. Training of mobilenet_cifar10 and vit_cifar10
writes a checkpoint beside the model; after an interruption, the same command takes it up again.
"""

from __future__ import annotations

import argparse
import hashlib
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from scripts.train import (
    brain_cnn,
    cifar10,
    cifar10_cnn,
    fraud_mlp,
    mnist_cnn,
    mobilenet_cifar10,
    onnx_file,
    vit_cifar10,
)
from scripts.train.dataset import Dataset, stratified_choice
from scripts.train.measurement import quality

LOGGER = logging.getLogger("training")
DEFAULT_OUT = Path(__file__).resolve().parents[2] / "models"
SAMPLE_SEED = 1
BATCH_SIZE = 100


@dataclass(frozen=True, slots=True)
class Application:
    """A model: how to read its data, how to train and export it, which test sample it has and of how many."""

    name: str
    read: Callable[[Path], Dataset]
    train: Callable[[Dataset, Path], None]
    sample: str
    n_sampled: int


APPLICATIONS = (
    Application("fraud_mlp", fraud_mlp.read, fraud_mlp.train, "fraud_mlp_test", n_sampled=500),
    Application("brain_cnn", brain_cnn.read, brain_cnn.train, "brain_cnn_test", n_sampled=300),
    Application("mnist_cnn", mnist_cnn.read, mnist_cnn.train, "mnist_cnn_test", n_sampled=500),
    Application("cifar10_cnn", cifar10.read, cifar10_cnn.train, "cifar10_cnn_test", n_sampled=500),
    Application("mobilenet_cifar10", cifar10.read, mobilenet_cifar10.train, "cifar10_cnn_test", n_sampled=500),
    Application("vit_cifar10", cifar10.read, vit_cifar10.train, "cifar10_cnn_test", n_sampled=500),
)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; return the exit status."""
    arguments = _parser().parse_args(argv)
    logging.basicConfig(format="%(message)s")
    LOGGER.setLevel(logging.INFO)
    arguments.out.mkdir(parents=True, exist_ok=True)
    for application in APPLICATIONS:
        if application.name not in arguments.only:
            continue
        dataset = application.read(arguments.data)
        onnx_path = arguments.out / f"{application.name}.onnx"
        sample_path = arguments.out / f"{application.sample}.npz"
        if not arguments.measure:
            make(application, dataset, onnx_path=onnx_path, sample_path=sample_path)
        for line in report(dataset, onnx_path=onnx_path, sample_path=sample_path):
            print(line)
    return 0


def _parser() -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    names = [application.name for application in APPLICATIONS]
    parser = argparse.ArgumentParser(description="Train, export and measure the models of models/.")
    parser.add_argument("--data", type=Path, required=True, help="folder with mnist.npz and the other data sets")
    parser.add_argument("--only", nargs="+", choices=names, default=names, metavar="NAME", help=", ".join(names))
    parser.add_argument("--out", type=Path, default=DEFAULT_OUT, help="folder of the models (default: models)")
    parser.add_argument("--measure", action="store_true", help="measure the models that are there; do not train")
    return parser


def make(application: Application, dataset: Dataset, *, onnx_path: Path, sample_path: Path) -> None:
    """Train one model, write it and its test sample, and check the written model."""
    LOGGER.info("%s: %d training samples", application.name, len(dataset.y_train))
    application.train(dataset, onnx_path)
    n_removed = onnx_file.remove_machine_paths(onnx_path)
    LOGGER.info("%s: %d entries with machine paths removed", onnx_path.name, n_removed)
    write_sample(dataset, sample_path, n_sampled=application.n_sampled)
    onnx_file.check(onnx_path, model_input(dataset.x_test[:21], dataset.scale))


def write_sample(dataset: Dataset, path: Path, *, n_sampled: int) -> None:
    """Write x, y and scale of a fixed stratified choice of test samples."""
    chosen = stratified_choice(dataset.y_test, n_sampled, rng=np.random.default_rng(SAMPLE_SEED))
    np.savez_compressed(path, x=dataset.x_test[chosen], y=dataset.y_test[chosen], scale=np.float32(dataset.scale))


def model_input(x: NDArray[np.generic], scale: float) -> NDArray[np.float32]:
    """Return stored samples in the range the model reads."""
    return x.astype(np.float32) / np.float32(scale)


def report(dataset: Dataset, *, onnx_path: Path, sample_path: Path) -> list[str]:
    """Return lines on the model's size and its quality on the whole test set and on the shipped sample."""
    runner = onnx_file.session(onnx_path)
    scores = onnx_file.outputs(runner, model_input(dataset.x_test, dataset.scale), batch_size=BATCH_SIZE)
    with np.load(sample_path) as sample:
        sample_x, sample_y = model_input(sample["x"], sample["scale"]), sample["y"]
    sample_scores = onnx_file.outputs(runner, sample_x, batch_size=BATCH_SIZE)
    return [
        f"{onnx_path.stem}: {onnx_file.n_parameters(onnx_path):,} parameters",
        _quality_line("whole test set", scores, dataset.y_test),
        _quality_line("shipped sample", sample_scores, sample_y),
        *(_file_line(path) for path in (onnx_path, sample_path)),
    ]


def _quality_line(title: str, scores: NDArray[np.float32], labels: NDArray[np.int64]) -> str:
    """Return one line with all measures of scores (n, n_outputs)."""
    measures = ", ".join(f"{name} {value:.4f}" for name, value in quality(scores, labels).items())
    return f"  {title}: {measures} ({len(labels)} samples)"


def _file_line(path: Path) -> str:
    """Return one line with the size and the checksum of a file."""
    return f"  {path.name}: {path.stat().st_size:,} bytes, sha256 {hashlib.sha256(path.read_bytes()).hexdigest()}"


if __name__ == "__main__":
    raise SystemExit(main())
