"""The document of `operators`: sorted, with versions that exist."""

from __future__ import annotations

import onnx

from paoding_onnx.report.documents.operators import operator_rows


def test_operators_document_is_sorted():
    found = [(entry["domain"], entry["operator"]) for entry in operator_rows()]
    assert found == sorted(found)
    assert ("ai.onnx", "Conv") in found


def test_printed_versions_are_those_of_schemas_that_exist():
    known = {("ai.onnx", s.name, s.since_version) for s in onnx.defs.get_all_schemas_with_history() if not s.domain}
    found = {tuple(entry[key] for key in ("domain", "operator", "since_version")) for entry in operator_rows()}
    unknown = {(domain, operator) for domain, operator, _ in found - known if domain == "ai.onnx"}
    assert unknown == {("ai.onnx", "SimplifiedLayerNormalization")}  # onnxruntime keeps its own operator there
