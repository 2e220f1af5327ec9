"""The document of `attack`: what is left at each epsilon, and how the attack was made."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

from paoding_onnx.report.documents.attack import attack_document
from tests.report.judged import NAN, ROBUSTNESS


def test_every_epsilon_is_listed():
    document = attack_document(ROBUSTNESS, Path("m.onnx"))
    assert (document["method"], document["gradient"], document["range"]) == ("pgd", "exact", [0.0, 1.0])
    assert (document["samples"], document["right_before"], document["flat"]) == (8, 6, 0)
    assert document["epsilons"] == [
        {"epsilon": 0.01, "robust": 5, "adversarial_accuracy": 0.625},
        {"epsilon": 0.1, "robust": 0, "adversarial_accuracy": 0.125},
    ]
    assert document["against"] is None


def test_estimate_is_marked_and_was_compared_with_nothing():
    document = attack_document(replace(ROBUSTNESS, is_exact=False, disagreement=NAN), Path("m.onnx"))
    assert json.dumps(document, allow_nan=False)
    assert (document["gradient"], document["gradient_disagreement"]) == ("black-box estimate", None)


def test_original_was_attacked_too():
    against = attack_document(ROBUSTNESS, Path("m.onnx"), ROBUSTNESS, Path("original.onnx"))["against"]
    assert (against["file"], against["right_before"]) == ("original.onnx", 6)
