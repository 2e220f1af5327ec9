"""What was measured of a pruned model beside its original, as a value."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Measured:
    """A pruned model beside its original.

    Attributes:
        latency_ratio: latency after over before, on onnxruntime; NaN if it runs them only as they are, not optimised.
        output_error: relative output error on `inputs`, see `paoding_onnx.model.compare.output_difference`.
        agreement: share of the inputs for which a classifier has the same top-1; `None` for other models.
        inputs: what the inputs were, in words.
        accuracy_before: of the original on labelled samples; `None` if there are none.
        accuracy_after: of the pruned model on the same samples.
    """

    latency_ratio: float
    output_error: float
    agreement: float | None
    inputs: str
    accuracy_before: float | None = None
    accuracy_after: float | None = None
