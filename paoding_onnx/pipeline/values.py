"""What goes from one part of the pipeline to the next."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from paoding_onnx.context import Run
from paoding_onnx.dependency.trace import Trace
from paoding_onnx.evaluation.dataset import Labelled
from paoding_onnx.model.load import Model
from paoding_onnx.options import Options
from paoding_onnx.result import Recovery
from paoding_onnx.selection.budget import Step
from paoding_onnx.surgery.plan import Plan
from paoding_onnx.verification.verdict import Verdict


@dataclass(frozen=True, slots=True)
class Job:
    """A pruning run as it was asked for; `output` is `None` for a dry run, `labelled` without labelled samples."""

    original: Model
    labelled: Labelled | None
    output: Path | None
    options: Options
    run: Run


@dataclass(frozen=True, slots=True)
class Prepared:
    """A model as it was read, the one to cut, whose constants are folded where they have to be, and its trace."""

    original: Model
    folded: Model
    trace: Trace


@dataclass(frozen=True, slots=True)
class Fitted:
    """The smaller model once its layers were fitted, and what was done; without `recovery` the `notes` may say why."""

    model: Model
    recovery: Recovery | None
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Shrunk:
    """A smaller model in memory, and how it came about; `surgery` is the proof that cutting alone was exact."""

    trace: Trace
    plan: Plan
    steps: tuple[Step, ...]
    surgery: Verdict
    fitted: Fitted
