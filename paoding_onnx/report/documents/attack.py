"""What `attack` found, as a document."""

from __future__ import annotations

from pathlib import Path

from paoding_onnx.report.documents.values import Document, file_of, head, number
from paoding_onnx.robustness.evaluate import Robustness


def attack_document(
    found: Robustness,
    source: Path,
    original: Robustness | None = None,
    against: Path | None = None,
    data: Path | None = None,
) -> Document:
    """Everything that was measured, of the model and of the original if that was attacked too.

    `robust` counts samples that were right before the attack and after it.
    """
    return {
        **head("attack"),
        "model": file_of(source),
        "data": file_of(data),
        **_robustness(found),
        "against": None if original is None else {**file_of(against), **_robustness(original)},
    }


def _robustness(found: Robustness) -> Document:
    return {
        "method": found.method,
        "gradient": "exact" if found.is_exact else "black-box estimate",
        "gradient_disagreement": number(found.disagreement),
        "range": [found.lowest, found.highest],
        "samples": found.samples,
        "right_before": found.correct,
        "flat": found.flat,
        "epsilons": [
            {"epsilon": one.epsilon, "robust": one.robust, "adversarial_accuracy": one.adversarial_accuracy}
            for one in found.survivals
        ],
    }
