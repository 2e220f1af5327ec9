"""What recovery brings: accuracy before and after the original has taught the smaller model, and what that takes.

    python -m scripts.benchmarks.recovery --data DIR [--others DIR] [--models GLOB] [--shares 0.5] [--seeds 0 1 2]
    python -m scripts.benchmarks.recovery --tables

DIR of --data holds the data sets that models/README.md lists. Settings were chosen on the test samples with even
numbers; what is reported are those with odd ones. Rows that the CSV file has are not measured again.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from itertools import groupby, product
from operator import attrgetter
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from paoding_onnx import Options, load
from paoding_onnx.context import Run
from paoding_onnx.model.load import Model
from paoding_onnx.model.session import Session
from paoding_onnx.pipeline.prepare import prepare
from paoding_onnx.pipeline.shrink import fitted_of
from paoding_onnx.pipeline.teach import taught
from paoding_onnx.selection.select import choose
from paoding_onnx.surgery.cut import cut
from scripts import RESULTS
from scripts.benchmarks.fidelity.charts import gain_chart
from scripts.benchmarks.fidelity.subjects import N_CALIBRATION, SUBJECTS, Samples, Subject, samples
from scripts.benchmarks.ledger import Ledger
from scripts.page import replaced, table

SHARES = (0.5, 0.25, 0.67)
EFFORTS, MOST_STEPS = ("normal", "high"), 10**6
INPUTS = {"none": 0, "128 samples": 128, "1,024 samples": 1024}
"""What is known of real inputs: so many training samples, without labels and with their mirror images."""
CURVE, CURVED = "recovery-seconds.svg", ("cifar_resnet20.legacy_bn", 0.5)
"""The chart of what learning gains over the time it takes, and the model and share that it is of."""
MARKERS = ("<!-- recovery: begin -->", "<!-- recovery: end -->")
BATCH = 250


@dataclass(frozen=True, slots=True)
class Row:
    """One lesson: accuracy in per cent on the odd test samples, before and after, and processor seconds of either part.

    `data` says what was known of real inputs; `note` why nothing was learned, if so. `even` is the accuracy afterwards
    on the samples on which settings were chosen.
    """

    model: str
    share: float
    data: str
    effort: str
    seed: int
    before: float
    after: float
    even: float
    seconds_before: float
    seconds: float
    note: str


def main() -> None:
    """Measure what is missing, then write the table."""
    arguments = _arguments()
    rows = Ledger(arguments.csv, Row, attrgetter("model", "share", "data", "effort", "seed"), _place)
    subjects = (
        [] if arguments.tables else [s for s in SUBJECTS if any(fnmatchcase(s.name, p) for p in arguments.models)]
    )
    asked = product(arguments.seeds, arguments.shares, arguments.inputs, subjects)
    for seed, share, data, subject in asked:
        efforts = [e for e in arguments.efforts if (subject.name, share, data, e, seed) not in rows]
        path = subject.path(arguments.others)
        if path is None or not efforts:
            continue
        drawn = samples(subject, arguments.data, INPUTS[data] or N_CALIBRATION)
        for row in measure(subject, path, drawn, (share, data, seed), efforts):
            rows.add(row)
            print(row, flush=True)
    page = RESULTS / "fidelity.md"
    page.write_text(replaced(page.read_text(), "\n".join(_table(rows.rows)), MARKERS))
    if lines := _curves(rows.rows):
        (RESULTS / "images" / CURVE).write_text(gain_chart(lines, f"{CURVED[0]}: points gained by learning, by time"))


def measure(
    subject: Subject, path: Path, data: Samples, asked: tuple[float, str, int], efforts: Sequence[str]
) -> Iterator[Row]:
    """The rows of a model, one for each effort."""
    share, inputs, seed = asked
    with TemporaryDirectory() as folder:
        calibration = None
        if INPUTS[inputs]:
            calibration = Path(folder) / "calibration.npz"
            np.savez(calibration, x=data.calibration)
        options = Options(target=share, by="parameters", round_to=1, seed=seed, calibration=calibration)
        for effort, one in zip(efforts, lessons(path, options, efforts), strict=True):
            models = ((one.before, 1), (one.after, 1), (one.after, 0))
            before, after, even = (accuracy(model, data, first) for model, first in models)
            times = round(one.seconds_before, 1), round(one.seconds, 1)
            yield Row(subject.name, share, inputs, effort, seed, before, after, even, *times, one.note)


@dataclass(frozen=True, slots=True)
class Lessons:
    """A smaller model before and after lessons, the processor seconds of either part, and why nothing was learned."""

    before: Model
    after: Model
    seconds_before: float
    seconds: float
    note: str


def lessons(path: Path, options: Options, efforts: Sequence[str]) -> Iterator[Lessons]:
    """What a model comes to by each effort; units are chosen and layers fitted once."""
    run, start = Run(options.memory, options.seed), time.process_time()
    prepared = prepare(load(path), options)
    selection = choose(prepared.folded, prepared.trace, options, run)
    plain = cut(prepared.folded, prepared.trace, selection.plan)
    fitted = fitted_of(prepared, selection, plain, options, run)
    spent = time.process_time() - start
    for effort in efforts:
        start = time.process_time()
        found = taught(prepared, selection.plan, selection.profile, fitted, _with_effort(options, effort), run)
        note = "" if found.recovery is None else found.recovery.untaught
        yield Lessons(fitted.model, found.model, spent, time.process_time() - start, note)


def _with_effort(options: Options, effort: str) -> Options:
    """The options with an effort, which may be a number of steps."""
    if effort.isdecimal():
        return replace(options, recover=int(effort))
    return replace(options, effort=effort)


def accuracy(model: Model, data: Samples, first: int) -> float:
    """Per cent of every second test sample, from number `first` on, that a model gets right."""
    session, name = Session(model, optimise=True), model.inputs[0].name
    x, y = data.x[first::2], np.asarray(data.y[first::2]).reshape(len(data.y[first::2]), -1)[:, 0]
    scores = [session.run({name: x[k : k + BATCH]})[session.output_names[0]] for k in range(0, len(x), BATCH)]
    whole = np.concatenate(scores)
    chosen = whole.argmax(1) if whole.shape[1] > 1 else whole[:, 0] > 0.5
    return round(100 * float(np.mean(chosen == y)), 2)


def _table(rows: Sequence[Row]) -> Iterator[str]:
    """Means over seeds: a line for each model, share, inputs and effort."""
    lines = []
    for key, group in groupby(rows, attrgetter("model", "share", "data", "effort")):
        own = list(group)
        mean = {name: _mean(own, name) for name in ("before", "after", "seconds")}
        model, share, data, effort = key
        accuracies = (f"{mean['before']:.1f}", f"{mean['after']:.1f}", f"{mean['after'] - mean['before']:+.1f}")
        lines.append([model, f"{share:.0%}", data, _effort(effort), len(own), *accuracies, f"{mean['seconds']:.0f}"])
    heads = [
        "model",
        "removed",
        "real inputs",
        "effort",
        "seeds",
        "least squares",
        "taught",
        "gain",
        "processor seconds",
    ]
    yield table(heads, lines, align="lllllr")


def _effort(word: str) -> str:
    return f"`--recover {word}`" if word.isdecimal() else word


def _curves(rows: Sequence[Row]) -> dict[str, list[tuple[float, float]]]:
    """Points gained over processor seconds: a line for each kind of inputs with several efforts.

    They are means over the seeds that all these efforts have; the high one, which takes longest by far, is left out.
    """
    found = {}
    for data in INPUTS:
        own = [row for row in rows if (row.model, row.share, row.data) == (*CURVED, data) and row.effort != "high"]
        efforts = [[row for row in own if row.effort == effort] for effort in dict.fromkeys(r.effort for r in own)]
        seeds = set.intersection(*({row.seed for row in group} for group in efforts)) if efforts else set()
        groups = [[row for row in group if row.seed in seeds] for group in efforts]
        points = sorted((_mean(g, "seconds"), _mean(g, "after") - _mean(g, "before")) for g in groups if g)
        if len(points) > 1:
            found["no data" if data == "none" else data] = [(0.0, 0.0), *points]
    return found


def _mean(rows: Sequence[Row], name: str) -> float:
    """The mean of a column."""
    return float(np.mean([getattr(row, name) for row in rows]))


def _place(row: Row) -> tuple[int, float, int, int, int]:
    """Where a row stands in the file."""
    models = [subject.name for subject in SUBJECTS]
    return models.index(row.model), row.share, [*INPUTS].index(row.data), _effort_number(row.effort), row.seed


def _effort_number(word: str) -> int:
    """Numbers of steps come first, by number."""
    return int(word) if word.isdecimal() else MOST_STEPS + EFFORTS.index(word)


def _arguments() -> argparse.Namespace:
    """What the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", metavar="DIR", type=Path, help="folder of the data sets")
    parser.add_argument("--others", metavar="DIR", type=Path, help="folder of models made by others")
    parser.add_argument("--models", metavar="GLOB", nargs="+", default=["*"])
    parser.add_argument("--shares", metavar="SHARE", type=float, nargs="+", default=SHARES)
    parser.add_argument("--inputs", nargs="+", choices=INPUTS, default=[*INPUTS][:2])
    parser.add_argument("--efforts", metavar="EFFORT", nargs="+", default=EFFORTS[:1], help="or numbers of steps")
    parser.add_argument("--seeds", metavar="N", type=int, nargs="+", default=(0, 1, 2))
    parser.add_argument("--tables", action="store_true", help="measure nothing, only write the table")
    parser.add_argument("--csv", metavar="FILE", type=Path, default=RESULTS / "recovery.csv")
    return parser.parse_args()


if __name__ == "__main__":
    main()
