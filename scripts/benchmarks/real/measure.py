"""A row of the benchmark: a model pruned by the command line in a process of its own, then judged by its task."""

from __future__ import annotations

import json
import pickle
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import onnxruntime

from scripts.benchmarks.real.child import Done, run
from scripts.benchmarks.real.sets import calibration_file, model_of, set_of
from scripts.benchmarks.real.subject import Answers, Place, RealSet, Subject

RUIN, GOOD = 5.0, 1.0
"""Points, or per cent of the original's, from which a result is ruined; points below which it is good."""
SECONDS, RESIDENT_BYTES = 1800, 6 * 10**9
LONGEST = 400


@dataclass(frozen=True, slots=True)
class Job:
    """What a row is about: `n_data` real inputs to calibrate with, 0 for none."""

    model: str
    target: float
    by: str
    method: str
    n_data: int

    @property
    def label(self) -> str:
        """The job in words."""
        data = f", {self.n_data} real inputs" if self.n_data else ""
        return f"{self.model}, {self.target:.0%} of {self.by}, {self.method}{data}"


@dataclass(frozen=True, slots=True)
class Row:
    """A result: task metrics in points, shares left, what the tool said of it, and what it used.

    `pruned` and what depends on it are `None` if nothing was written; `message` says why. `said` is how the tool found
    the outputs to have changed, as JSON; `warnings` stand behind one another.
    """

    model: str
    target: float
    by: str
    method: str
    n_data: int
    metric: str
    original: float
    pruned: float | None
    parameters_left: float | None
    macs_left: float | None
    said_error: float | None
    said_agreement: float | None
    said_latency: float | None
    warned: bool
    warnings: str
    said: str
    cpu_seconds: float
    peak_mb: float
    message: str

    @property
    def job(self) -> Job:
        """What identifies it."""
        return Job(self.model, self.target, self.by, self.method, self.n_data)

    @property
    def lost(self) -> float:
        """Points lost; 0 if nothing was written."""
        return 0.0 if self.pruned is None else self.original - self.pruned

    @property
    def ruined(self) -> bool:
        """Whether it is worth less by five points or per cent."""
        return self.lost > min(RUIN, RUIN / 100 * self.original)

    @property
    def good(self) -> bool:
        """Whether something was written that lost less than a point."""
        return self.pruned is not None and self.lost < GOOD


class Judge:
    """A subject with its file and its real set, and the answers of the original, asked once.

    Raises:
        UnavailableError: if they are not to be had.
    """

    def __init__(self, subject: Subject, place: Place) -> None:
        self.subject, self.path = subject, model_of(subject, place)
        self.real, self.calibration = set_of(subject, place), calibration_file(subject, place)

    @cached_property
    def original_answers(self) -> Answers:
        """What the original says to each row, kept beside the real set."""
        kept = self.calibration.with_name(f"{self.subject.name}_answers.pickle")
        if not kept.exists():
            kept.write_bytes(pickle.dumps(answers_of(self.path, self.subject, self.real)))
        answers: Answers = pickle.loads(kept.read_bytes())
        return answers

    def score(self, path: Path | None = None) -> float:
        """Points of a file; without one, of the original."""
        answers = self.original_answers if path is None else answers_of(path, self.subject, self.real)
        wanted = self.original_answers if self.real.truth is None else self.real.truth.tolist()
        return self.subject.score(answers, wanted)


def answers_of(path: Path, subject: Subject, real: RealSet) -> Answers:
    """Answers of an ONNX file to all rows that judge."""
    settings = onnxruntime.SessionOptions()
    settings.log_severity_level, settings.intra_op_num_threads = 3, 2
    session = onnxruntime.InferenceSession(path, settings, providers=["CPUExecutionProvider"])
    names, answers = {item.name for item in session.get_inputs()}, []
    for start in range(0, len(next(iter(real.test.values()))), subject.batch):
        feed = {name: rows[start : start + subject.batch] for name, rows in real.test.items()} | dict(real.constants)
        outputs = session.run(None, {name: value for name, value in feed.items() if name in names})
        answers += subject.answers(outputs, feed)
    return answers


def measured(job: Job, judge: Judge) -> Row:
    """Prune the judge's model as the job says, and judge the result."""
    with tempfile.TemporaryDirectory() as folder:
        small = Path(folder) / "small.onnx"
        done = run(*command(job, judge, small), seconds=SECONDS, resident_bytes=RESIDENT_BYTES)
        score = judge.score(small) if done.code == 0 else None
    return _row(job, judge, done, score)


def command(job: Job, judge: Judge, small: Path) -> list[str]:
    """The words of the command line."""
    words = ["paoding_onnx", "prune", str(judge.path), "--output", str(small), "--json"]
    words += ["--target", str(job.target), "--by", job.by, "--method", job.method]
    return words + (["--calibration", str(judge.calibration)] if job.n_data else [])


def _row(job: Job, judge: Judge, done: Done, score: float | None) -> Row:
    report: dict[str, Any] = {} if score is None else json.loads(done.out)
    said, warnings = report.get("measured") or {}, [str(text) for text in report.get("warnings", [])]
    parameters, macs = _left(report)
    changes = json.dumps(said.get("changes", []))
    return Row(
        job.model, job.target, job.by, job.method, job.n_data, judge.subject.metric, judge.score(), score,
        parameters, macs, said.get("output_error"), said.get("agreement"), said.get("latency_ratio"),
        bool(warnings), " / ".join(warnings), changes, done.cpu_seconds, done.peak_bytes / 1e6,
        "" if score is not None else done.stopped or last_line(done.err),
    )  # fmt: skip


def _left(report: dict[str, Any]) -> Sequence[float | None]:
    """Shares of parameters and multiply-adds that are left."""
    if not report:
        return None, None
    before, after = report["sizes"]["before"], report["sizes"]["after"]
    return after["parameters"] / before["parameters"], after["macs"] / max(before["macs"], 1)


def last_line(text: str) -> str:
    """The last line that says something, of bounded length."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1][:LONGEST] if lines else "no message"
