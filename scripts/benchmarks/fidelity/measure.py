"""One model pruned by one method, tested on real samples, as one row."""

from __future__ import annotations

import json
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx
from numpy.typing import NDArray

import paoding_onnx
from paoding_onnx.errors import PaodingError
from paoding_onnx.model.session import Session
from scripts.benchmarks.fidelity.subjects import Samples
from scripts.benchmarks.peers.count import float_elements
from scripts.train.measurement import auroc

WITH_DATA, DISTILLED = "reconstruction, 128 samples", "reconstruction, distilled"
STEPS = 20
"""In how many steps inputs are distilled."""
OURS = (WITH_DATA, DISTILLED, "reconstruction", "paoding", "magnitude")
PEERS = {
    "onnxsim": ("with_onnxsim.py",),
    "Torch-Pruning L1": ("with_torch_pruning.py", "1"),
    "Torch-Pruning L2": ("with_torch_pruning.py", "2"),
}
"""The programs of other tools, each run in a process of its own, and what they are told besides files and share."""
METHODS = (*OURS, *PEERS)
BATCH = 250
HERE = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class Row:
    """What a method left of a model; the later figures are `None` where it failed, `status` then says why.

    `share` is what was asked for, `before` and `after` numbers of float constants. `score` is the accuracy on `n_test`
    samples, for one output the area under the ROC curve; `agreement` the share of samples that get the class the whole
    model gave them. `seconds` are those of the whole run.
    """

    model: str
    method: str
    share: float
    status: str
    before: int
    after: int | None
    score_before: float
    score: float | None
    agreement: float | None
    n_test: int
    seconds: float

    @property
    def removed(self) -> float | None:
        """Share of the parameters that is gone."""
        return None if self.after is None else 1 - self.after / self.before


def measure(path: Path, data: Samples, share: float, method: str, python: str) -> Row:
    """The row of a model, a share and a method; `python` is the interpreter for the program of a peer."""
    whole = outputs(path, data)
    before, score_before = float_elements(onnx.load(path)), score(whole, data.y)
    start = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        small = Path(folder) / "small.onnx"
        try:
            _prune(path, small, data, share, method, python)
            seconds = round(time.perf_counter() - start, 1)
            scores, after = outputs(small, data), float_elements(onnx.load(small))
        except (PaodingError, subprocess.SubprocessError) as error:
            spent = round(time.perf_counter() - start, 1)
            words = _words(error)
            return Row(path.stem, method, share, words, before, None, score_before, None, None, len(data.y), spent)
    same = float(np.mean(classes(scores) == classes(whole)))
    found = score(scores, data.y)
    return Row(path.stem, method, share, "ok", before, after, score_before, found, same, len(data.y), seconds)


def outputs(path: Path, data: Samples) -> NDArray[np.float32]:
    """First output of a model for all test samples, `(n_samples, n_outputs)`."""
    session = Session(path, optimise=True)
    name = onnx.load(path, load_external_data=False).graph.input[0].name
    return np.concatenate([next(iter(session.run({name: batch}).values())) for batch in _batches(data.x)])


def score(scores: NDArray[np.float32], labels: NDArray[np.int64]) -> float:
    """Accuracy, or the area under the ROC curve for one output."""
    if scores.shape[1] == 1:
        return auroc(scores[:, 0], labels == 1)
    return float(np.mean(classes(scores) == labels))


def classes(scores: NDArray[np.float32]) -> NDArray[np.int64]:
    """The class of each sample, `(n_samples,)`; one output is a probability.

    >>> classes(np.array([[0.2], [0.9]])).tolist(), classes(np.array([[0.2, 0.1]])).tolist()
    ([0, 1], [0])
    """
    return (scores[:, 0] >= 0.5).astype(np.int64) if scores.shape[1] == 1 else scores.argmax(axis=1)


def _prune(path: Path, small: Path, data: Samples, share: float, method: str, python: str) -> None:
    if method in PEERS:
        program, *more = PEERS[method]
        words = [python, str(HERE / program), str(path), str(share), str(small), *more]
        subprocess.run(words, check=True, capture_output=True, text=True, timeout=300)
        return
    calibration = None
    if method == WITH_DATA:
        calibration = small.with_suffix(".npz")
        np.savez(calibration, x=data.calibration)
    options = paoding_onnx.Options(
        target=share,
        by="parameters",
        round_to=1,
        method=method.partition(",")[0],
        calibration=calibration,
        distill=STEPS if method == DISTILLED else 0,
    )
    paoding_onnx.prune(path, small, options)


def _batches(x: NDArray[np.float32]) -> Iterator[NDArray[np.float32]]:
    for start in range(0, len(x), BATCH):
        yield x[start : start + BATCH]


def _words(error: Exception) -> str:
    """The last line of what went wrong."""
    text = error.stderr if isinstance(error, subprocess.CalledProcessError) else str(error)
    lines = text.strip().splitlines()
    return json.dumps(lines[-1][:150] if lines else type(error).__name__).strip('"')
