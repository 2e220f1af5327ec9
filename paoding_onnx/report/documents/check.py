"""What `check` found, as a document."""

from __future__ import annotations

from paoding_onnx.report.documents.values import Document, head, number, proofs_of
from paoding_onnx.verification.check import Checked


def check_document(result: Checked) -> Document:
    """The proofs on two files, and how far their outputs are apart."""
    return {**head("check"), "proofs": proofs_of(result.proofs), "output_error": number(result.output_error)}
