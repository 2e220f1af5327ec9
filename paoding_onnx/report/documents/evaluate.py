"""What `evaluate` found, as a document."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

from paoding_onnx.evaluation.evaluate import Comparison, Evaluation
from paoding_onnx.evaluation.latency import Resources
from paoding_onnx.evaluation.metrics import Interval
from paoding_onnx.report.documents.values import Document, file_of, finite, head, number


def evaluate_document(
    evaluation: Evaluation, source: Path, against: Path | None = None, data: Path | None = None
) -> Document:
    """Everything that was measured; figures that do not exist are null."""
    other = evaluation.comparison
    return {
        **head("evaluation"),
        "model": file_of(source),
        "data": file_of(data),
        "task": evaluation.task,
        "samples": evaluation.n_samples,
        "measures": {name: number(value) for name, value in evaluation.measures.items()},
        "classes": [finite(asdict(row)) for row in evaluation.classes],
        "resources": _resources(evaluation.resources),
        "against": None if other is None or against is None else _comparison(other, against),
    }


def _comparison(other: Comparison, against: Path) -> Document:
    return {
        **file_of(against),
        "measures": {name: number(value) for name, value in other.measures.items()},
        "resources": _resources(other.resources),
        "agreement": None if other.agreement is None else number(other.agreement.value),
        "agreement_interval": None if other.agreement is None else _interval(other.agreement),
        "output_error": number(other.output_error),
        "mcnemar_p_value": number(other.p_value),
        "differences": [
            {"measure": d.measure, "method": d.method, "confidence": 0.95, **finite(asdict(d.interval))}
            for d in other.differences
        ],
    }


def _resources(resources: Resources | None) -> Document | None:
    return None if resources is None else asdict(resources)


def _interval(share: Interval) -> Document:
    return {"method": "Wilson score", "confidence": 0.95, "low": number(share.low), "high": number(share.high)}
