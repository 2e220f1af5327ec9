"""One model pruned by one method, tested on real samples, as one row."""

from __future__ import annotations

import tempfile
import time
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import onnx

import paoding_onnx
from scripts.benchmarks.fidelity.subjects import Samples
from scripts.benchmarks.peers.measure import WITH_ONNXSIM, WITH_TORCH_PRUNING
from scripts.benchmarks.peers.sizes import float_elements
from scripts.benchmarks.processes import Limits, run

OK = "ok"
WITH_DATA, DISTILLED = "reconstruction, 128 samples", "reconstruction, distilled"
TAUGHT, WITH_DATA_TAUGHT = "reconstruction, taught", "reconstruction, 128 samples, taught"
STEPS = 20
"""In how many steps inputs are distilled."""
OURS = (WITH_DATA_TAUGHT, TAUGHT, WITH_DATA, DISTILLED, "reconstruction", "paoding", "magnitude")
PEERS = {
    "onnxsim": (WITH_ONNXSIM,),
    "Torch-Pruning L1": (WITH_TORCH_PRUNING, "--norm", "1"),
    "Torch-Pruning L2": (WITH_TORCH_PRUNING, "--norm", "2"),
}
"""The programs of other tools, each run in a process of its own, and what they are told besides files and share."""
METHODS = (*OURS, *PEERS)
SECONDS = 300
"""Time limit of a peer."""


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
    with tempfile.TemporaryDirectory() as folder:
        small, test = Path(folder) / "small.onnx", Path(folder) / "test.npz"
        np.savez(test, x=data.x, y=data.y)
        start = time.perf_counter()
        status = _prune(path, small, data, share, method, python)
        seconds = round(time.perf_counter() - start, 1)
        ran = small if status == OK else path
        found = paoding_onnx.evaluate(ran, test, against=path, options=paoding_onnx.EvaluateOptions(processors=0))
        before, after = (float_elements(onnx.load(file)) for file in (path, ran))
    main = "auroc" if found.task == "binary" else "accuracy"
    whole, n_test = found.comparison, found.n_samples
    known = Row(path.stem, method, share, status, before, None, whole.measures[main], None, None, n_test, seconds)
    if status != OK:
        return known
    return replace(known, after=after, score=found.measures[main], agreement=whole.agreement.value)


def _prune(path: Path, small: Path, data: Samples, share: float, method: str, python: str) -> str:
    """Write the pruned model; "ok", or what went wrong."""
    if method in PEERS:
        program, *more = PEERS[method]
        words = (program, str(path.resolve()), "--share", str(share), "--out", str(small), *more)
        done = run(*words, python=python, limits=Limits(seconds=SECONDS))
        return OK if done.code == 0 else done.message
    calibration = None
    if method in (WITH_DATA, WITH_DATA_TAUGHT):
        calibration = small.with_suffix(".npz")
        np.savez(calibration, x=data.calibration)
    options = paoding_onnx.Options(
        target=share,
        by="parameters",
        round_to=1,
        method=method.partition(",")[0],
        calibration=calibration,
        distill=STEPS if method == DISTILLED else 0,
        effort="normal" if method in (TAUGHT, WITH_DATA_TAUGHT) else "fast",
    )
    try:
        paoding_onnx.prune(path, small, options)
    except paoding_onnx.PaodingError as error:
        return str(error).splitlines()[-1]
    return OK
