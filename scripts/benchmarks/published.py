"""Networks pruned without data at the widths of published results, and by published code where that can be had.

    PYTHONPATH=CHECKOUT python -m scripts.benchmarks.published --data DIR [--others DIR] [--torch-python PYTHON]
    python -m scripts.benchmarks.published --tables

DIR of --data holds the data sets that models/README.md lists. CHECKOUT is github.com/friendshipkim/neuron-merging with
its weights, PYTHON has torch and scikit-learn: its ResNet-56 loses a share of the inner channels of every block, by its
own code and by ours. The ResNet-20 of --others loses the same share of the units of every group. Accuracy is that on
the test samples with odd numbers, as in `scripts.benchmarks.recovery`. Rows that the CSV file has are not made again.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from operator import attrgetter
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

import paoding_onnx
from scripts import RESULTS
from scripts.benchmarks.fidelity.subjects import SUBJECTS, Samples, samples
from scripts.benchmarks.ledger import Ledger
from scripts.benchmarks.processes import run
from scripts.benchmarks.recovery import accuracy, lessons
from scripts.page import replaced, table
from scripts.train import readers
from scripts.train.datasets import model_input

RESNET20, RESNET56 = "cifar_resnet20.legacy_bn", "resnet56"
RATIOS = {RESNET56: (0.25, 0.375, 0.5), RESNET20: (0.25, 0.35, 0.45)}
"""Of widths: those of ResNet-56 can be had to the unit, those of ResNet-20 are the published ones of model folding."""
INNER = "/layer*/conv1/Conv"
"""The layers of ResNet-56 that make inner channels."""
PROGRAM = "scripts.benchmarks.peers.with_neuron_merging"
THEIRS = {
    "cut alone": ("--plain",),
    "merged, l1-norm": ("--criterion", "l1-norm"),
    "merged, l2-norm": ("--criterion", "l2-norm"),
    "merged, l2-GM": ("--criterion", "l2-GM"),
}
"""What the published program is told for each row."""
OURS = ("ours, least squares alone", "ours, default")
METHODS = (*THEIRS, *OURS)
_MEAN, _DEVIATION = (0.4914, 0.4822, 0.4465), (0.2023, 0.1994, 0.2010)
FOLDING = (94.57, {0.25: 90.97, 0.35: 81.86, 0.45: 70.65})
"""Model folding with data-free repair, ResNet-18 on CIFAR-10: whole, and by the share of the widths that goes."""
MARKERS = ("<!-- published: begin -->", "<!-- published: end -->")


@dataclass(frozen=True, slots=True)
class Row:
    """Accuracy in per cent, of the whole network and of what a method leaves at a share of its widths."""

    network: str
    method: str
    ratio: float
    seed: int
    whole: float
    score: float


def main() -> None:
    """Measure what is missing, then write the tables."""
    arguments = _arguments()
    rows = Ledger(arguments.csv, Row, attrgetter("network", "method", "ratio", "seed"), _place)
    if not arguments.tables:
        for network in arguments.networks:
            _measure(network, arguments, rows)
    page = RESULTS / "fidelity.md"
    page.write_text(replaced(page.read_text(), "\n\n".join(_tables(rows.rows)), MARKERS))


def _measure(network: str, arguments: argparse.Namespace, rows: Ledger[Row]) -> None:
    """All rows of a network that are missing."""
    with TemporaryDirectory() as folder:
        out, whole = Path(folder) / "small.onnx", Path(folder) / "whole.onnx"
        if network == RESNET56:
            _by_published_code(whole, 0.0, (), arguments.torch_python)
        else:
            whole = arguments.others / f"{network}.onnx"
        data = _data(network, arguments.data)
        before = accuracy(paoding_onnx.load(whole), data, 1)
        for seed, ratio in product(arguments.seeds, RATIOS[network]):
            if (network, OURS[1], ratio, seed) not in rows:
                (one,) = lessons(whole, _options(network, ratio, seed), ("normal",))
                for method, model in zip(OURS, (one.before, one.after), strict=True):
                    rows.add(Row(network, method, ratio, seed, before, accuracy(model, data, 1)))
        for ratio, method in product(RATIOS[network], THEIRS if network == RESNET56 else ()):
            if (network, method, ratio, 0) not in rows:
                _by_published_code(out, ratio, THEIRS[method], arguments.torch_python)
                rows.add(Row(network, method, ratio, 0, before, accuracy(paoding_onnx.load(out), data, 1)))


def _options(network: str, ratio: float, seed: int) -> paoding_onnx.Options:
    """The same share of every group, or of every group of inner channels."""
    only = (INNER,) if network == RESNET56 else ()
    return paoding_onnx.Options(target=ratio, by="units", allocation="uniform", round_to=1, only=only, seed=seed)


def _by_published_code(out: Path, ratio: float, words: Sequence[str], python: str) -> None:
    done = run(PROGRAM, "--ratio", str(ratio), "--out", str(out), *words, python=python)
    if done.code:
        raise SystemExit(done.message)


def _data(network: str, folder: Path) -> Samples:
    """Test samples as a network reads them."""
    subject = next(one for one in SUBJECTS if one.name == RESNET20)
    if network == RESNET20:
        return samples(subject, folder)
    dataset = readers.cifar10(folder, drawn=1)
    mean, deviation = (np.array(values, np.float32).reshape(1, 3, 1, 1) for values in (_MEAN, _DEVIATION))
    x = (model_input(dataset.x_test, dataset.scale) - mean) / deviation
    return Samples(x, dataset.y_test, x[:0])


def _tables(rows: Sequence[Row]) -> Iterator[str]:
    """One network by several methods; several networks by the share of their accuracy that is left."""
    own = [row for row in rows if row.network == RESNET56]
    if own:
        yield table(
            [f"ResNet-56, {_percent(own[0].whole)} whole", *(_share(ratio) for ratio in RATIOS[RESNET56])],
            [[m, *(_cell(own, m, ratio) for ratio in RATIOS[RESNET56])] for m in METHODS],
        )
    own = [row for row in rows if row.network == RESNET20]
    if own:
        whole, folded = FOLDING
        ratios = RATIOS[RESNET20]
        yield table(
            ["", "whole", *(f"{_share(ratio)} of the widths" for ratio in ratios)],
            [
                ["ResNet-18, model folding", whole, *(_kept(folded[ratio], whole) for ratio in ratios)],
                *(
                    [f"ResNet-20, {m}", _percent(own[0].whole), *(_kept_cell(own, m, ratio) for ratio in ratios)]
                    for m in OURS
                ),
            ],
        )


def _scores(rows: Sequence[Row], method: str, ratio: float) -> list[float]:
    return [row.score for row in rows if (row.method, row.ratio) == (method, ratio)]


def _cell(rows: Sequence[Row], method: str, ratio: float) -> str:
    found = _scores(rows, method, ratio)
    return _percent(float(np.mean(found))) if found else ""


def _kept_cell(rows: Sequence[Row], method: str, ratio: float) -> str:
    found = _scores(rows, method, ratio)
    return _kept(float(np.mean(found)), rows[0].whole) if found else ""


def _kept(score: float, whole: float) -> str:
    return f"{_percent(score)} ({score / whole:.0%})"


def _percent(score: float) -> str:
    return f"{score:.1f}"


def _share(ratio: float) -> str:
    return f"{100 * ratio:.3g} %"


def _place(row: Row) -> tuple[int, int, float, int]:
    """Where a row stands in the file."""
    return [*RATIOS].index(row.network), METHODS.index(row.method), row.ratio, row.seed


def _arguments() -> argparse.Namespace:
    """What the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", metavar="DIR", type=Path, help="folder of the data sets")
    parser.add_argument("--others", metavar="DIR", type=Path, help="folder of models made by others")
    parser.add_argument("--networks", nargs="+", choices=RATIOS, default=list(RATIOS))
    parser.add_argument("--seeds", metavar="N", type=int, nargs="+", default=(0,))
    parser.add_argument("--tables", action="store_true", help="measure nothing, only write the tables")
    parser.add_argument("--csv", metavar="FILE", type=Path, default=RESULTS / "published.csv")
    parser.add_argument("--torch-python", metavar="FILE", default=sys.executable)
    return parser.parse_args()


if __name__ == "__main__":
    main()
