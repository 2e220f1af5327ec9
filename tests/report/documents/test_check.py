"""The document of `check`: the proofs and how far outputs are apart."""

from __future__ import annotations

from paoding_onnx.report.documents.check import check_document
from paoding_onnx.verification.check import Checked
from paoding_onnx.verification.verdict import Verdict


def test_proofs_are_listed_and_an_error_that_does_not_exist_is_null():
    document = check_document(Checked((Verdict("valid ONNX", False, "it is not"),), float("nan")))
    assert document["proofs"] == [{"name": "valid ONNX", "passed": False, "detail": "it is not"}]
    assert document["output_error"] is None
