"""What was measured of a pruned model beside its original, as a value."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Fidelity:
    """A pruned model beside its original: latency after over before, and what `description` says the inputs were.

    `difference` see `paoding_onnx.model.compare.output_difference`; `agreement` is the share of the inputs for which a
    classifier answers the same, `None` for other models.
    """

    latency_ratio: float
    difference: float
    agreement: float | None
    description: str
