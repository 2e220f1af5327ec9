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
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

import numpy as np

from paoding_onnx import EvaluateOptions, evaluate
from scripts import MODELS
from scripts.train import onnx_file, readers
from scripts.train.datasets import Dataset, model_input, stratified_choice

LOGGER = logging.getLogger("training")
SAMPLE_SEED = 1


@dataclass(frozen=True, slots=True)
class Application:
    """A model: the module with the function of its name that trains it, its data, its test sample and of how many."""

    name: str
    module: str
    read: Callable[[Path], Dataset]
    sample: str
    n_sampled: int = 500


APPLICATIONS = (
    Application("fraud_mlp", "keras_models", readers.credit_cards, "fraud_mlp_test"),
    Application("brain_cnn", "keras_models", readers.brain_scans, "brain_cnn_test", n_sampled=300),
    Application("mnist_cnn", "torch_models", readers.mnist, "mnist_cnn_test"),
    Application("cifar10_cnn", "torch_models", readers.cifar10, "cifar10_cnn_test"),
    Application("mobilenet_cifar10", "torch_models", readers.cifar10, "cifar10_cnn_test"),
    Application("vit_cifar10", "torch_models", readers.cifar10, "cifar10_cnn_test"),
)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; return the exit status."""
    names = [application.name for application in APPLICATIONS]
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder with mnist.npz and the other data sets")
    parser.add_argument("--only", nargs="+", choices=names, default=names, metavar="NAME", help=", ".join(names))
    parser.add_argument("--out", type=Path, default=MODELS, help="folder of the models (default: models)")
    parser.add_argument("--measure", action="store_true", help="measure the models that are there; do not train")
    arguments = parser.parse_args(argv)
    logging.basicConfig(format="%(message)s")
    LOGGER.setLevel(logging.INFO)
    arguments.out.mkdir(parents=True, exist_ok=True)
    for application in APPLICATIONS:
        if application.name in arguments.only:
            dataset = application.read(arguments.data)
            paths = arguments.out / f"{application.name}.onnx", arguments.out / f"{application.sample}.npz"
            if not arguments.measure:
                make(application, dataset, *paths)
            for line in report(dataset, *paths):
                print(line)
    return 0


def make(application: Application, dataset: Dataset, onnx_path: Path, sample_path: Path) -> None:
    """Train one model, write it and its test sample, and check the written model."""
    LOGGER.info("%s: %d training samples", application.name, len(dataset.y_train))
    train = getattr(import_module(f"scripts.train.{application.module}"), application.name)
    train(dataset, onnx_path)
    n_removed = onnx_file.remove_machine_paths(onnx_path)
    LOGGER.info("%s: %d entries with machine paths removed", onnx_path.name, n_removed)
    rng = np.random.default_rng(SAMPLE_SEED)
    write_sample(sample_path, dataset, stratified_choice(dataset.y_test, application.n_sampled, rng=rng))
    onnx_file.check(onnx_path, model_input(dataset.x_test[:21], dataset.scale))


def write_sample(path: Path, dataset: Dataset, rows: slice | np.ndarray) -> None:
    """Write x, y and scale of some of the test samples."""
    x, y = dataset.x_test[rows], dataset.y_test[rows]
    np.savez_compressed(path, x=x, y=y, scale=np.float32(dataset.scale))


def report(dataset: Dataset, onnx_path: Path, sample_path: Path) -> Iterator[str]:
    """Lines on the model's size and its quality on the whole test set and on the shipped sample."""
    yield f"{onnx_path.stem}: {onnx_file.n_parameters(onnx_path):,} parameters"
    with tempfile.TemporaryDirectory() as folder:
        whole = Path(folder) / "whole.npz"
        write_sample(whole, dataset, slice(None))
        for title, path in (("whole test set", whole), ("shipped sample", sample_path)):
            found = evaluate(onnx_path, path, options=EvaluateOptions(processors=0))
            measures = ", ".join(f"{name} {value:.4f}" for name, value in found.measures.items())
            yield f"  {title}: {measures} ({found.n_samples} samples)"
    for path in (onnx_path, sample_path):
        yield f"  {path.name}: {path.stat().st_size:,} bytes, sha256 {hashlib.sha256(path.read_bytes()).hexdigest()}"


if __name__ == "__main__":
    raise SystemExit(main())
