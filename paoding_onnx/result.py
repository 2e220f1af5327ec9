"""What `prune` returns."""

from __future__ import annotations

from dataclasses import dataclass

from paoding_onnx.dependency.cost import Cost
from paoding_onnx.dependency.trace import Trace
from paoding_onnx.evaluation.measured import Fidelity
from paoding_onnx.layerwise.ridge import FittedLayer
from paoding_onnx.model.load import Model
from paoding_onnx.options import Options
from paoding_onnx.selection.budget import Step
from paoding_onnx.selection.curve import Sensitivity
from paoding_onnx.surgery.plan import Plan
from paoding_onnx.verification.verdict import Verdict


@dataclass(frozen=True, slots=True)
class Recovery:
    """What the method looked at: inputs in words, harm by group where it was measured, layers that were fitted.

    `n_added` parameters are biases of layers that had none.
    """

    inputs: str
    n_samples: int
    sensitivities: tuple[Sensitivity, ...]
    layers: tuple[FittedLayer, ...]
    n_added: int = 0


@dataclass(frozen=True, slots=True)
class Pruned:
    """A proven result, and how it compares with the original on made-up inputs.

    `recovery` says what units were judged and weights fitted on, and how well that went; `None` for methods that look
    at no inputs, or where it could not be done: then `notes` says why. `accuracy_before` is the original's on labelled
    samples, if there are any; the steps hold that of the smaller models.
    """

    original: Model
    model: Model
    trace: Trace
    plan: Plan
    options: Options
    before: Cost
    after: Cost
    bytes_before: int
    bytes_after: int
    steps: tuple[Step, ...]
    verdicts: tuple[Verdict, ...]
    comparison: Fidelity
    recovery: Recovery | None
    notes: tuple[str, ...]
    saved: bool
    accuracy_before: float | None = None

    @property
    def latency_ratio(self) -> float:
        """Latency after over before, on onnxruntime."""
        return self.comparison.latency_ratio

    @property
    def difference(self) -> float:
        """How far the outputs moved on fresh made-up inputs, see `paoding_onnx.model.compare.output_difference`."""
        return self.comparison.difference
