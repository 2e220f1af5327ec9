"""Pruned networks in int8, float16 and onnxruntime's own format: accuracy, file size and latency of each, as a table.

    python -m scripts.benchmarks.edge [--tiny-resnet FILE] [--data DIR] [--document docs/results/edge.md]

Prunes the CIFAR-10 network of `models/`, and MLPerf Tiny's `tiny_resnet8` if its file is given (exported from Keras:
channels last, pixels of 0 to 255), converts each, and runs everything in onnxruntime on the CPU. Without --data it
tests on the sample in `models/`, and calibrates with synthetic inputs alone. DIR holds `cifar10_jpeg_train.npz` and
`cifar10_jpeg_test.npz`, as `scripts/train` reads them.
"""

from __future__ import annotations

import argparse
import logging
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import onnxruntime

import paoding_onnx
from scripts import MODELS
from scripts.benchmarks.edge import formats
from scripts.benchmarks.edge.document import Row, markdown, summary
from scripts.benchmarks.edge.formats import Feed
from scripts.benchmarks.edge.measure import Network, accuracy, drawn, feeds, median_seconds, synthetic
from scripts.benchmarks.page import put_between
from scripts.train import readers
from scripts.train.datasets import Dataset, read_sample

FLOAT32 = "float32"
SYNTHETIC = "int8 static, synthetic inputs"
"""The smallest and fastest format of all those that need no data."""


@dataclass(frozen=True, slots=True)
class Variant:
    """A network, original or pruned: the share of parameters it has left, and its file in each format."""

    parameters_left: float
    files: Mapping[str, Path]


def main() -> None:
    """Measure every network in every format, print the table, and put it into a document if one is given."""
    arguments = _arguments()
    logging.disable(logging.WARNING)  # the quantizers advise what is done here already
    if arguments.data:
        dataset = readers.cifar10(arguments.data, drawn=arguments.calibration, seed=arguments.seed)
    else:
        dataset = read_sample(MODELS / "cifar10_cnn_test.npz")
    dataset = drawn(dataset, arguments.images, arguments.seed)
    networks = [Network("cifar10_cnn", MODELS / "cifar10_cnn.onnx", 255)]
    networks += [Network("tiny_resnet8", arguments.tiny_resnet, 1)] if arguments.tiny_resnet else []
    rows = [row for network in networks for row in measured(network, dataset, arguments)]
    text = "\n\n".join((_circumstances(dataset, arguments), markdown(rows), summary(rows, SYNTHETIC)))
    print(text)
    if arguments.document:
        put_between(arguments.document, text)


def _arguments() -> argparse.Namespace:
    """What the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("--tiny-resnet", metavar="FILE", type=Path, help="MLPerf Tiny's ResNet-8 as ONNX")
    add("--data", metavar="DIR", type=Path, help="CIFAR-10 as JPEG archives: all test images, real calibration")
    add("--images", metavar="N", type=int, default=0, help="test on N of them, drawn at random (default all)")
    add("--targets", metavar="SHARE", type=float, nargs="+", default=[0.25, 0.5], help="to remove (default 0.25 0.5)")
    add("--by", default="parameters", help="what the targets count (default parameters)")
    add("--method", default=paoding_onnx.Options().method, help="as in `paoding_onnx prune` (default: its default)")
    add("--calibration", metavar="N", type=int, default=128, help="inputs to calibrate with (default 128)")
    add("--threads", metavar="N", type=int, default=1, help="of onnxruntime, for latency (default 1)")
    add("--rounds", metavar="N", type=int, default=100, help="turns of each file, for latency (default 100)")
    add("--seed", metavar="N", type=int, default=0, help="for pruning, and for inputs (default 0)")
    add("--document", metavar="FILE", type=Path, help="put the table between its markers here")
    return parser.parse_args()


def measured(network: Network, dataset: Dataset, arguments: argparse.Namespace) -> list[Row]:
    """A row for each format of the original and of each pruned network, all timed together."""
    made = synthetic(network, arguments.calibration, arguments.seed)
    real = tuple(feeds(network, dataset.x_train))
    with tempfile.TemporaryDirectory() as folder:
        variants = [Variant(1.0, converted(network.path, Path(folder) / "original", made, real))]
        for target in arguments.targets:
            small = Path(folder) / f"{target}.onnx"
            left = _pruned(network.path, small, target, arguments)
            variants.append(Variant(left, converted(small, Path(folder) / str(target), made, real)))
        return _rows(network, variants, dataset, arguments)


def converted(source: Path, folder: Path, made: Sequence[Feed], real: Sequence[Feed]) -> dict[str, Path]:
    """The files of all formats of `source`, by the format's name; `source` itself is the first."""
    folder.mkdir()
    static = formats.int8_static(source, folder / "static.onnx", made)
    half = formats.float16(source, folder / "half.onnx")
    copy = folder / "float.onnx"  # `.ort` files stand beside what they are made from
    copy.write_bytes(source.read_bytes())
    files = {
        FLOAT32: source,
        "float32 `.ort`": formats.ort_file(copy),
        "float16": half,
        "float16 `.ort`": formats.ort_file(half),
        "int8 dynamic": formats.int8_dynamic(source, folder / "dynamic.onnx"),
        SYNTHETIC: static,
        f"{SYNTHETIC} `.ort`": formats.ort_file(static),
    }
    return files | (
        {"int8 static, real images": formats.int8_static(source, folder / "real.onnx", real)} if real else {}
    )


def _pruned(source: Path, target: Path, share: float, arguments: argparse.Namespace) -> float:
    """Share of the parameters that is left in the pruned network, which `target` holds then."""
    options = paoding_onnx.Options(target=share, by=arguments.by, method=arguments.method, seed=arguments.seed)
    result = paoding_onnx.prune(source, target, options)
    return result.sizes.after.parameters / result.sizes.before.parameters


def _rows(network: Network, variants: Sequence[Variant], dataset: Dataset, arguments: argparse.Namespace) -> list[Row]:
    """Measurements of every file of every variant."""
    files = {f"{k} {name}": path for k, variant in enumerate(variants) for name, path in variant.files.items()}
    one = next(feeds(network, dataset.x_test, 1))
    seconds = median_seconds(files, one, threads=arguments.threads, rounds=arguments.rounds)
    rows = []
    for k, variant in enumerate(variants):
        for name, path in variant.files.items():
            time, own, first = (seconds[key] for key in (f"{k} {name}", f"{k} {FLOAT32}", f"0 {FLOAT32}"))
            share = accuracy(path, feeds(network, dataset.x_test), dataset.y_test)
            left, size = variant.parameters_left, path.stat().st_size
            rows.append(Row(network.name, left, name, share, size, time / first, time / own))
    return rows


def _circumstances(dataset: Dataset, arguments: argparse.Namespace) -> str:
    """What the figures were measured on, as a sentence."""
    n_test, threads = len(dataset.y_test), arguments.threads
    error = (0.75 * 0.25 / n_test) ** 0.5  # of a share near 0.75
    return (
        f"Measured on {datetime.now(UTC).date()} with onnxruntime {onnxruntime.__version__}, units chosen by "
        f"`--method {arguments.method}`: {n_test:,} test images (one standard error is about {100 * error:.1f} "
        f"points), latency of one image on {threads} thread{'s' * (threads > 1)} as a ratio of medians, "
        f"{arguments.calibration} inputs to calibrate with."
    )


if __name__ == "__main__":
    main()
