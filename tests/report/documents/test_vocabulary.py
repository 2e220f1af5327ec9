"""Documents tell which ids a smaller model takes."""

from __future__ import annotations

from paoding_onnx.calibration.kept_ids import KeptIds
from paoding_onnx.dependency.cost import Cost
from paoding_onnx.report.documents.prune import kept_document, shortening_document
from paoding_onnx.result import ShortVocabulary
from paoding_onnx.verification.verdict import Verdict

FOUND = ShortVocabulary(
    KeptIds(("ids",), 9, (2, 7), (("y", 2),), "mine.txt"), Cost(90, 5), Cost(20, 4), Verdict("v", True, "")
)


def test_report_tells_what_is_left():
    found = shortening_document(FOUND)
    assert found is not None
    assert (found["size"], found["left"], found["source"]) == (9, 2, "mine.txt")
    assert found["after"] == {"parameters": 20, "macs": 4}


def test_plan_lists_the_ids():
    assert kept_document(FOUND) == {"size": 9, "kept": [2, 7]}


def test_whole_vocabulary_is_not_told():
    assert shortening_document(None) is None
    assert kept_document(None) is None
