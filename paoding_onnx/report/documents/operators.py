"""The operators with a rule, as a document."""

from __future__ import annotations

from paoding_onnx.model.subgraphs import schema_version
from paoding_onnx.report.documents.values import Document, head
from paoding_onnx.rules.rule import operators


def operators_document() -> Document:
    """The operators with a rule."""
    return {**head("operators"), "operators": operator_rows()}


def operator_rows() -> list[Document]:
    """One entry for each operator, with the newest schema version that its rule was written for."""
    return [
        {
            "domain": entry.domain or "ai.onnx",
            "operator": entry.operator,
            "since_version": schema_version(entry.operator, entry.domain, entry.read) or entry.read,
            "rule": (entry.make.__doc__ or "").split("\n")[0].rstrip("."),
        }
        for entry in operators()
    ]
