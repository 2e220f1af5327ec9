"""What goes from one part of the pipeline to the next."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path

from paoding_onnx.context import Run
from paoding_onnx.dependency.cost import Cost
from paoding_onnx.dependency.trace import Trace
from paoding_onnx.evaluation.dataset import Labelled
from paoding_onnx.model.load import Model
from paoding_onnx.options import Options
from paoding_onnx.result import Depth, Recovery, ShortVocabulary, Trial
from paoding_onnx.selection.budget import Step
from paoding_onnx.selection.profile import Profile
from paoding_onnx.shapes.choices import Choice, closed
from paoding_onnx.surgery.plan import Plan
from paoding_onnx.verification.fitting import Judged
from paoding_onnx.verification.written import Fits


@dataclass(frozen=True, slots=True)
class Deeper:
    """A model with the residual branches that went: as it was given, and ready to be cut with its trace; what went."""

    model: Model
    folded: Model
    trace: Trace
    depth: Depth


@dataclass(frozen=True, slots=True)
class Job:
    """A pruning run as it was asked for; `output` is `None` for a dry run, `labelled` without labelled samples.

    Where a smaller vocabulary was asked for, `original` has it already, and `vocabulary` says how that came about.
    Where residual branches went, it is without them, and `deeper` has them: it teaches, and the result is measured by
    it. `looked` is what was seen of `original` already.
    """

    original: Model
    labelled: Labelled | None
    output: Path | None
    options: Options
    run: Run
    vocabulary: ShortVocabulary | None = None
    deeper: Deeper | None = None
    looked: Looked | None = None

    @property
    def whole(self) -> Model:
        """What the result is compared with."""
        return self.original if self.deeper is None else self.deeper.model

    @property
    def cost_before(self) -> Cost | None:
        """What the original costs, where that is not what the model to prune costs."""
        if self.vocabulary is not None:
            return self.vocabulary.before
        return None if self.deeper is None else self.deeper.depth.before


@dataclass(frozen=True, slots=True)
class Prepared:
    """The model, simplified; the one to cut, its constants folded; its trace; the choices that are open in both.

    `teacher` is the one that teaches, where that has more layers. `twin` is a quantized model in floats, with the same
    units: there they are chosen, and layers fitted.
    """

    original: Model
    folded: Model
    trace: Trace
    choices: tuple[Choice, ...] = ()
    teacher: Model | None = None
    twin: Prepared | None = None

    @property
    def studied(self) -> Prepared:
        """Where units are chosen and layers fitted."""
        return self if self.twin is None else self.twin

    @property
    def elsewhere(self) -> tuple[Model, Trace] | None:
        """The model on which units are looked at with its trace, if it is another one."""
        return None if self.twin is None else (self.twin.folded, self.twin.trace)


@dataclass(frozen=True, slots=True)
class Looked:
    """A model made ready, and what was seen of its units on inputs, if they were looked at."""

    prepared: Prepared
    profile: Profile | None


@dataclass(frozen=True, slots=True)
class Fitted:
    """The smaller model once its layers were fitted, and what was done; without `recovery` the `notes` may say why.

    `fits` is what fitting decided, by the names of constants; `judged` says on what it is to help, if anything is at
    hand.
    """

    model: Model
    recovery: Recovery | None
    notes: tuple[str, ...]
    fits: Fits = field(default_factory=dict)
    judged: Judged | None = None


@dataclass(frozen=True, slots=True)
class Shrunk:
    """A smaller model in memory, and how it came about; `plain` is the one that was cut, no weight changed.

    `before` is what the original costs; `trials` led to its size, where that was searched for.
    """

    prepared: Prepared
    plan: Plan
    before: Cost
    steps: tuple[Step, ...]
    plain: Model
    fitted: Fitted
    trials: tuple[Trial, ...] = ()

    @property
    def model(self) -> Model:
        """The one for the file: the fitted one, its choices closed."""
        return closed(self.fitted.model, self.prepared.choices)

    @property
    def after(self) -> Cost:
        """What the smaller model costs, added biases included."""
        left, recovery = self.steps[-1].cost, self.fitted.recovery
        return replace(left, parameters=left.parameters + (0 if recovery is None else recovery.n_added))
