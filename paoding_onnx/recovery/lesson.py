"""What recovery is given and what it returns, as values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from paoding_onnx.calibration.samples import Samples
from paoding_onnx.dependency.trace import Trace
from paoding_onnx.model.load import Model
from paoding_onnx.model.nodes import Array
from paoding_onnx.surgery.plan import Plan


@dataclass(frozen=True, slots=True)
class Lesson:
    """Who teaches whom, on what.

    With `uses_batch`, normalizations of both go by the statistics of the samples while learning: synthetic ones are not
    of the level of the training data. `beside` few real samples there are synthetic ones.
    """

    original: Model
    trace: Trace
    plan: Plan
    smaller: Model
    samples: Samples
    uses_batch: bool = False
    beside: Samples | None = None


@dataclass(frozen=True, slots=True)
class Effort:
    """How long to learn: steps, the highest rate of learning, and the work (see `recovery.work`) that all steps may be.

    The rate is how far a weight goes in a step, as a share of its unit's size. Up to `most` steps are gone where they
    are that cheap; 0 for no more than `steps`. With `keeps_best` Ctrl-C ends the learning, and what was learned by then
    is looked at.
    """

    steps: int
    rate: float
    work: float
    most: int = 0
    keeps_best: bool = False


@dataclass(frozen=True, slots=True)
class Taught:
    """What came of it: the loss on inputs that were held back, before and after.

    `n_parameters` were trained, those of `first_node` and of what comes after it. `planned` are the steps that it would
    have been, had nobody interrupted.
    """

    steps: int
    n_inputs: int
    loss_before: float
    loss_after: float
    first_node: str
    n_parameters: int
    planned: int


@dataclass(frozen=True, slots=True)
class Recovered:
    """The taught model, the constants whose content was decided, and the statistics it has on the inputs, by name."""

    model: Model
    decided: Mapping[str, Array]
    taught: Taught
    statistics: Mapping[str, Array] = field(default_factory=dict)
