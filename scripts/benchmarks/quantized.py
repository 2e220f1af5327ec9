"""Networks of 8 bits, pruned: accuracy with weights fitted by way of floats, and with units cut alone.

    python -m scripts.benchmarks.quantized [MODEL=LABELLED.npz ..] [--target 0.5] [--effort fast]

Without files, the two networks for images in `models/` are quantized by onnxruntime first, on 64 of their test images.
A file that is given has to be quantized, in QDQ form.
"""

from __future__ import annotations

import argparse
import tempfile
import warnings
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import onnx

from paoding_onnx import Options, evaluate, load, prune
from scripts import ROOT

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static

NETWORKS = ("mnist_cnn", "cifar10_cnn")
N_IMAGES = 64


def main() -> None:
    """Print accuracy before and after."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("subjects", metavar="MODEL=LABELLED.npz", nargs="*")
    parser.add_argument("--target", type=float, default=0.5, help="share of the parameters (default %(default)s)")
    parser.add_argument(
        "--effort", choices=("fast", "normal", "high"), default="fast", help="as for prune (default %(default)s)"
    )
    arguments = parser.parse_args()
    print("model, whole, fitted, cut alone")
    with tempfile.TemporaryDirectory() as folder:
        given = [tuple(map(Path, subject.rsplit("=", 1))) for subject in arguments.subjects]
        for path, samples in given or _own(Path(folder)):
            subject = load(path)
            fitted = prune(subject, options=Options(arguments.target, by="parameters", effort=arguments.effort))
            cut = prune(subject, options=Options(arguments.target, by="parameters", method="magnitude"))
            models = (subject, fitted.model, cut.model)
            found = [f"{100 * evaluate(model, samples).measures['accuracy']:.1f}" for model in models]
            print(f"{path.stem}, {', '.join(found)}", flush=True)


def _own(folder: Path) -> Iterator[tuple[Path, Path]]:
    """Networks of `models/` in 8 bits, with their test samples."""
    for name in NETWORKS:
        source, samples = ROOT / "models" / f"{name}.onnx", ROOT / "models" / f"{name}_test.npz"
        images = np.load(samples)["x"][:N_IMAGES].astype(np.float32) / 255
        target = folder / f"{name}.int8.onnx"
        reader = _Reader({onnx.load(source).graph.input[0].name: images})
        kind, integers, weights = QuantFormat.QDQ, QuantType.QUInt8, QuantType.QInt8
        quantize_static(source, target, reader, quant_format=kind, activation_type=integers, weight_type=weights)
        yield target, samples


class _Reader(CalibrationDataReader):
    """What the quantizer is shown: one batch."""

    def __init__(self, feed: dict[str, np.ndarray]) -> None:
        self._feeds = iter([feed])

    def get_next(self) -> dict[str, np.ndarray] | None:
        """The batch, once."""
        return next(self._feeds, None)


if __name__ == "__main__":
    main()
