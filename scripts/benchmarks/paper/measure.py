"""A model after a step of a method, as a row: its size, and what is left of its accuracy and robustness."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from glob import escape
from pathlib import Path
from types import MappingProxyType

import paoding_onnx
from paoding_onnx.dependency.cost import cost, nothing
from paoding_onnx.dependency.trace import Group, Trace
from paoding_onnx.evaluation.evaluate import EvaluateOptions, evaluate
from paoding_onnx.evaluation.predictions import Task
from paoding_onnx.names import Allocation
from paoding_onnx.robustness.attacks import Attack
from paoding_onnx.robustness.evaluate import attack as attacked
from scripts import MODELS

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

    `has_convolutions` and `has_dense` say which layers lose units at all.
    """

    method: str
    allocation: Allocation
    steps: tuple[int, ...] = tuple(range(1, N_STEPS + 1))
    has_convolutions: bool = True
    has_dense: bool = True


_STATED = (N_STEPS // 2, N_STEPS)
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
PARTS: Mapping[str, Way] = MappingProxyType(
    {
        "paoding, convolutions alone": Way("paoding", "uniform", _STATED, has_dense=False),
        "paoding, dense layers alone": Way("paoding", "uniform", _STATED, has_convolutions=False),
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


def producers(subject: Subject, way: Way) -> tuple[str, ...]:
    """Patterns of the nodes whose units may go."""
    trace = paoding_onnx.inspect(subject.path)
    nodes = {
        trace.bound_nodes[group.parameter_axes[0].node_index].node.name: is_convolution(trace, group)
        for group in trace.groups
    }
    return tuple(escape(name) for name, is_one in nodes.items() if (way.has_convolutions if is_one else way.has_dense))


def is_convolution(trace: Trace, group: Group) -> bool:
    """Whether the units of a group are channels of a convolution."""
    return trace.bound_nodes[group.parameter_axes[0].node_index].node.operator == "Conv"


def measured(job: Job, setting: Setting) -> Row:
    """The row of a job."""
    return _pruned(job.subject, job.name, job.step, setting) if job.step else _whole(job.subject, setting)


def _whole(subject: Subject, setting: Setting) -> Row:
    """The row of a model before pruning."""
    trace = paoding_onnx.inspect(subject.path)
    size = _Size(0.0, trace.n_units, 0, cost(trace, nothing(trace)).parameters, subject.path.stat().st_size)
    return _row(subject, WHOLE, subject.path, size, setting)


def _pruned(subject: Subject, name: str, step: int, setting: Setting) -> Row:
    """The row of a model after `step` steps of the way called `name`."""
    share = float(STEP * step)
    way = ALL_WAYS[name]
    options = paoding_onnx.Options(
        target=share,
        by="units",
        step=float(STEP),
        method=way.method,
        allocation=way.allocation,
        round_to=1,
        only=producers(subject, way) if name in PARTS else (),
        seed=setting.seed,
    )
    with tempfile.TemporaryDirectory() as folder:
        small = Path(folder) / "small.onnx"
        result = paoding_onnx.prune(subject.path, small, options)
        gone = result.plan.removed
        size = _Size(share, gone.size, int(gone.sum()), result.sizes.after.parameters, small.stat().st_size)
        return _row(subject, name, small, size, setting)


@dataclass(frozen=True, slots=True)
class _Size:
    """What a row says about size, in the order of its fields."""

    share: float
    units: int
    removed: int
    parameters: int
    file_bytes: int


def _row(subject: Subject, name: str, path: Path, size: _Size, setting: Setting) -> Row:
    """The file at `path` judged and attacked with its own gradients, as a row."""
    options = EvaluateOptions(n_samples=setting.n_samples, processors=0)
    evaluation = evaluate(path, subject.samples, options=options)
    attack = Attack(epsilons=EPSILONS, value_range=subject.value_range)
    found = attacked(path, subject.samples, attack, options=options)
    return Row(
        model=subject.name,
        method=name,
        share=size.share,
        units=size.units,
        removed=size.removed,
        parameters=size.parameters,
        file_bytes=size.file_bytes,
        samples=evaluation.n_samples,
        accuracy=evaluation.measures["accuracy"],
        auroc=evaluation.measures["auroc"] if evaluation.task == Task.BINARY else None,
        correct=found.correct,
        robust_01=found.survivals[0].robust,
        robust_05=found.survivals[1].robust,
    )
