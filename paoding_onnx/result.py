"""What `prune` returns: what went, what that saved, what was measured, what was proven, and how it came about."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from paoding_onnx.calibration.kept_ids import KeptIds
from paoding_onnx.dependency.cost import Cost
from paoding_onnx.dependency.trace import Trace
from paoding_onnx.evaluation.measured import Kept, Measured
from paoding_onnx.layerwise.ridge import FittedLayer
from paoding_onnx.model.load import Model
from paoding_onnx.options import Options
from paoding_onnx.recovery.lesson import Taught
from paoding_onnx.selection.budget import Step
from paoding_onnx.selection.curve import Sensitivity
from paoding_onnx.surgery.plan import Plan
from paoding_onnx.verification.verdict import Verdict


@dataclass(frozen=True, slots=True)
class Size:
    """What a model takes: its parameters, the multiply-adds (MACs) of one run, the bytes of its files."""

    parameters: int
    macs: int
    file_bytes: int


@dataclass(frozen=True, slots=True)
class Sizes:
    """The original and the pruned model; `prunable_parameters` of the original have a unit on one of their axes."""

    before: Size
    after: Size
    prunable_parameters: int


@dataclass(frozen=True, slots=True)
class Recovery:
    """What units were chosen and layers reconstructed on: inputs in words, and what came of it.

    `sensitivities` are given group by group where they were measured, `layers` are those that were reconstructed.
    `n_added` parameters are biases of layers that had none. `taught` says what came of the original's lessons, if there
    were any; if none were where some should have been, `untaught` says why.
    """

    inputs: str
    n_samples: int
    sensitivities: tuple[Sensitivity, ...]
    layers: tuple[FittedLayer, ...]
    n_added: int = 0
    taught: Taught | None = None
    untaught: str = ""


@dataclass(frozen=True, slots=True)
class ShortVocabulary:
    """What became of the vocabulary before anything was pruned: which `ids` stay, what it cost and saved, its `proof`.

    `tokens` are those that stay, in the order of their new ids, where they are known.
    """

    ids: KeptIds
    before: Cost
    after: Cost
    proof: Verdict
    tokens: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Depth:
    """Which residual branches went whole: by what their sums make, and how far outputs had moved after each.

    `before` is what the model cost with them, `proof` that on their removal.
    """

    sums: tuple[str, ...]
    costs: tuple[float, ...]
    before: Cost
    proof: Verdict


@dataclass(frozen=True, slots=True)
class Trial:
    """A candidate on the way to the largest share that can go: the share asked for, what is left, what it kept."""

    share: float
    cost: Cost
    kept: Kept


@dataclass(frozen=True, slots=True)
class RunRecord:
    """How a result came about.

    `steps` are the states on the way, the last one is the result. `recovery` is `None` for methods that look at no
    inputs, or where it could not be done: then `notes` says why. `output` is the file that was written, if any. All of
    it took `seconds`. `trials` are the candidates from which the target was found, if it was searched for.
    """

    options: Options
    steps: tuple[Step, ...]
    recovery: Recovery | None
    notes: tuple[str, ...]
    output: Path | None
    seconds: float = 0.0
    trials: tuple[Trial, ...] = ()


@dataclass(frozen=True, slots=True)
class Pruned:
    """A pruned model whose file passed all `proofs`.

    `plan` says which units of `trace` went, `sizes` what that saves, `measured` how the model compares with the
    original, `run` how all that came about. `refitted` names the constants that have other weights than were cut.
    `vocabulary` tells of the vocabulary, where a smaller one was asked for: `original` is the model with that one.
    `depth` tells of residual branches that went whole.
    """

    original: Model
    model: Model
    trace: Trace
    plan: Plan
    sizes: Sizes
    measured: Measured
    proofs: tuple[Verdict, ...]
    run: RunRecord
    refitted: tuple[str, ...] = ()
    vocabulary: ShortVocabulary | None = None
    depth: Depth | None = None
