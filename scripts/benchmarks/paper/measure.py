"""A model after a step of a method, as a row: its size, and what is left of its accuracy and robustness."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from types import MappingProxyType
from typing import Any

import onnx

import paoding_onnx
from scripts import MODELS
from scripts.benchmarks.peers.sizes import float_elements

STEP = Fraction(1, 20)
"""The paper's epochs take 5 % of the units each."""
N_STEPS = 10
EPSILONS = (0.01, 0.05)
WHOLE = "whole"
"""Stands in place of a method in the row of a model before pruning."""


@dataclass(frozen=True, slots=True)
class Subject:
    """A model of the paper's evaluation: its number there, its file, and between which values its inputs lie."""

    number: int
    name: str
    value_range: tuple[float, float] = (0.0, 1.0)
    has_convolutions: bool = True

    @property
    def path(self) -> Path:
        """The file of the model."""
        return MODELS / f"{self.name}.onnx"

    @property
    def samples(self) -> Path:
        """The file of its labelled test samples."""
        return MODELS / f"{self.name}_test.npz"


SUBJECTS = (
    Subject(1, "fraud_mlp", (-5.0, 5.0), has_convolutions=False),
    Subject(2, "brain_cnn"),
    Subject(3, "mnist_cnn"),
    Subject(4, "cifar10_cnn"),
)


@dataclass(frozen=True, slots=True)
class Way:
    """A method of the package, how it spreads the units to remove over the layers, and the steps to look at.

    `only` and `exclude` are patterns of the nodes that lose units.
    """

    method: str
    allocation: str
    steps: tuple[int, ...] = tuple(range(1, N_STEPS + 1))
    only: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()


_STATED = (N_STEPS // 2, N_STEPS)
_CONVOLUTIONS = ("*[cC]onv*",)
WAYS: Mapping[str, Way] = MappingProxyType(
    {
        "paoding": Way("paoding", "uniform"),
        "reconstruction": Way("reconstruction", "measured"),
        "reconstruction, uniform": Way("reconstruction", "uniform", _STATED),
    }
)
"""The paper's method, the default, and the default with the paper's shares of each layer, so that sizes are the same.

The last one only where the paper states figures: at 25 % and 50 %.
"""
CONVOLUTIONS_ALONE = "paoding, convolutions alone"
PARTS: Mapping[str, Way] = MappingProxyType(
    {
        CONVOLUTIONS_ALONE: Way("paoding", "uniform", _STATED, only=_CONVOLUTIONS),
        "paoding, dense layers alone": Way("paoding", "uniform", _STATED, exclude=_CONVOLUTIONS),
    }
)
"""The paper's method on some of the layers; the sizes that the paper states are those of the first one."""
ALL_WAYS: Mapping[str, Way] = MappingProxyType({**WAYS, **PARTS})


@dataclass(frozen=True, slots=True)
class Setting:
    """How many test samples of each model, evenly spaced (0 for all), and the seed."""

    n_samples: int = 0
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Row:
    """A model of which `share` of the units were asked for and `removed` of `units` are gone.

    `correct` of the `samples` were right before the attack; `robust_01` and `robust_05` of these are right after it
    as well, at epsilon 0.01 and 0.05. `auroc` is that of models with one output.
    """

    model: str
    method: str
    share: float
    units: int
    removed: int
    parameters: int
    file_bytes: int
    samples: int
    accuracy: float
    auroc: float | None
    correct: int
    robust_01: int
    robust_05: int

    @property
    def robust(self) -> tuple[float, float]:
        """Share of all samples that are right before and after the attack, at each epsilon."""
        return self.robust_01 / self.samples, self.robust_05 / self.samples


@dataclass(frozen=True, slots=True)
class Job:
    """A model, and after how many steps of which way to look at it; before pruning after none."""

    subject: Subject
    name: str
    step: int


def measured(job: Job, setting: Setting) -> Row:
    """The row of a job."""
    return _pruned(job.subject, job.name, job.step, setting) if job.step else _whole(job.subject, setting)


def _whole(subject: Subject, setting: Setting) -> Row:
    """The row of a model before pruning."""
    size = {"share": 0.0, "units": paoding_onnx.inspect(subject.path).n_units, "removed": 0}
    size["parameters"] = float_elements(onnx.load(subject.path))
    return _row(subject, setting, subject.path, WHOLE, size)


def _pruned(subject: Subject, name: str, step: int, setting: Setting) -> Row:
    """The row of a model after `step` steps of the way called `name`."""
    share, way = float(STEP * step), ALL_WAYS[name]
    options = paoding_onnx.Options(
        target=share,
        by="units",
        step=float(STEP),
        method=way.method,
        allocation=way.allocation,
        round_to=1,
        only=way.only,
        exclude=way.exclude,
        effort="fast",
        seed=setting.seed,
    )
    with tempfile.TemporaryDirectory() as folder:
        small = Path(folder) / "small.onnx"
        result = paoding_onnx.prune(subject.path, small, options)
        gone = result.plan.removed
        size = {
            "share": share,
            "units": gone.size,
            "removed": int(gone.sum()),
            "parameters": result.sizes.after.parameters,
        }
        return _row(subject, setting, small, name, size)


def _row(subject: Subject, setting: Setting, path: Path, name: str, size: Mapping[str, Any]) -> Row:
    """The file at `path` evaluated and attacked with its own gradients, as a row."""
    options = paoding_onnx.EvaluateOptions(n_samples=setting.n_samples, processors=0)
    evaluation = paoding_onnx.evaluate(path, subject.samples, options=options)
    how = paoding_onnx.Attack(epsilons=EPSILONS, value_range=subject.value_range)
    attacked = paoding_onnx.attack(path, subject.samples, how, options=options)
    return Row(
        **size,
        model=subject.name,
        method=name,
        file_bytes=path.stat().st_size,
        samples=evaluation.n_samples,
        accuracy=evaluation.measures["accuracy"],
        auroc=evaluation.measures["auroc"] if evaluation.task == "binary" else None,
        correct=attacked.correct,
        robust_01=attacked.survivals[0].robust,
        robust_05=attacked.survivals[1].robust,
    )
