"""The document of `evaluate`: every figure, null where there is none."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

from paoding_onnx.report.documents.evaluate import evaluate_document
from tests.report.judged import COMPARISON, EVALUATION


def test_figures_that_do_not_exist_are_null():
    document = evaluate_document(EVALUATION, Path("m.onnx"))
    assert json.dumps(document, allow_nan=False)
    assert document["measures"] == {"accuracy": 0.75, "log_loss": None}
    assert [row["auroc"] for row in document["classes"]] == [None, 0.9]
    assert document["resources"]["peak_bytes"] == 2_500_000
    assert document["against"] is None


def test_original_stands_beside_the_model_with_intervals():
    document = evaluate_document(replace(EVALUATION, comparison=COMPARISON), Path("m.onnx"), Path("a/original.onnx"))
    against = document["against"]
    assert against["file"] == "original.onnx"
    assert against["agreement"] == 0.5
    assert against["agreement_interval"] == {"method": "Wilson score", "confidence": 0.95, "low": 0.25, "high": 0.75}
    assert against["differences"] == [
        {
            "measure": "accuracy",
            "method": "adjusted Wald, paired",
            "confidence": 0.95,
            "value": -0.125,
            "low": -0.25,
            "high": 0.0,
        }
    ]
